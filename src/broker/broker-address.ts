import { isIP } from 'node:net';
import { GatehouseError } from '../domain/errors';

/** Where the broker listens and is reached. */
export type BrokerAddress =
  | { kind: 'socket'; path: string }
  | { kind: 'tcp'; host: string; port: number; isTls: boolean };

/**
 * `unix:/path/to.sock` on one host, `https://host:port` between hosts, `http://127.0.0.1:port` on the loopback.
 *
 * @throws GatehouseError `broker-address-invalid`: secrets leave a machine by TLS only
 */
export function brokerAddressOf(text: string): BrokerAddress {
  if (text.startsWith('unix:/')) return { kind: 'socket', path: text.slice('unix:'.length) };
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw invalid('is none of `unix:/path`, `https://host:port` and `http://127.0.0.1:port`', cause);
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const isTls = url.protocol === 'https:';
  if (!isTls && url.protocol !== 'http:') throw invalid('is none of `unix:/path`, `https://` and `http://`');
  if (url.pathname !== '/' || url.search || url.hash || url.username)
    throw invalid('names more than host and port');
  if (!isTls && !isLoopback(host)) throw invalid('leaves this machine without TLS; use `https://`');
  return { kind: 'tcp', host, port: Number(url.port || (isTls ? 443 : 80)), isTls };
}

/** Names are not resolved: they may lead elsewhere. */
function isLoopback(host: string): boolean {
  return (isIP(host) === 4 && host.startsWith('127.')) || host === '::1';
}

function invalid(what: string, cause?: unknown): GatehouseError {
  return new GatehouseError('broker-address-invalid', `the address of the broker ${what}`, { cause });
}

/** Paths of the broker's requests. */
export const ISSUE_PATH = '/v1/credentials';
export const REDEEM_PATH = '/v1/credentials/redeem';
export const RELEASE_PATH = '/v1/credentials/release';

/** PEM files of one end: its own certificate and key, and who signed the other end's. */
export interface TlsFiles {
  certificate: string;
  key: string;
  authority: string;
}
