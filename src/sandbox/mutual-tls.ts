import { readFileSync } from 'node:fs';
import type { SecureContextOptions, TlsOptions } from 'node:tls';
import type { TlsFiles } from '../broker/broker-address';

/** Who one is between machines, and whom one believes. All PEM. */
export interface MutualTls {
  /** With those between it and the authority. */
  certificate: Buffer;
  privateKey: Buffer;
  /** Signs the certificates of both sides, and of nobody else. */
  authority: Buffer;
}

export function clientTls({ certificate, privateKey, authority }: MutualTls): SecureContextOptions {
  // Both sides are ours, so that nothing older needs to be understood.
  return { cert: certificate, key: privateKey, ca: authority, minVersion: 'TLSv1.3' };
}

/** Whoever has no certificate of the authority gets no answer. */
export function serverTls(tls: MutualTls): TlsOptions {
  return { ...clientTls(tls), requestCert: true, rejectUnauthorized: true };
}

export function readMutualTls({ certificate, key, authority }: TlsFiles): MutualTls {
  return {
    certificate: readFileSync(certificate),
    privateKey: readFileSync(key),
    authority: readFileSync(authority),
  };
}
