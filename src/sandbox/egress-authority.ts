import { existsSync } from 'node:fs';
import {
  createMitmCA,
  disposeMitmCASync,
  generateCa,
  type MitmCA,
} from '@anthropic-ai/sandbox-runtime/dist/sandbox/mitm-ca.js';

/** Certificates of the system, where a machine's own authorities are listed. */
const SYSTEM_BUNDLES = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt'];
const RENEW_AFTER_MS = 24 * 60 * 60 * 1000;

let current: { authority: MitmCA; madeAt: number } | null = null;

/**
 * The authority in whose name the proxy speaks for hosts with a credential. Its key stays in this process's memory; its
 * certificate is trusted by the commands it is shown to, and by nothing else. Made when first needed, and daily anew.
 */
export function egressAuthority(now = Date.now()): MitmCA {
  if (current && now - current.madeAt < RENEW_AFTER_MS && existsSync(current.authority.trustBundlePath))
    return current.authority;
  const { certPem, keyPem } = generateCa({ cn: 'Gatehouse sandbox proxy', validityDays: 2 });
  const authority = createMitmCA({
    ...{ caCertPem: certPem, caKeyPem: keyPem, caCertPath: '', caKeyPath: '' },
    extraCaCertPaths: SYSTEM_BUNDLES.filter((path) => existsSync(path)),
  });
  // The old one's certificate may be open in a command that still runs: it goes when the process does.
  process.once('exit', () => disposeMitmCASync(authority));
  current = { authority, madeAt: now };
  return authority;
}
