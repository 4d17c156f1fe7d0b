import { isIP } from 'node:net';
import { GatehouseError } from '../domain/errors';

/** Where a small server of control's listens and is reached. */
export type EndpointAddress =
  | { kind: 'socket'; path: string }
  | { kind: 'tcp'; host: string; port: number; isTls: boolean };

/** Whose address it is: `broker` in codes, `the broker` in texts. */
export type EndpointName = 'broker' | 'artifact endpoint';

/**
 * `unix:/path/to.sock` on one host, `https://host:port` between hosts, `http://127.0.0.1:port` on the loopback.
 *
 * @throws GatehouseError `broker-address-invalid`, `artifact-endpoint-address-invalid`: what they hand out leaves a
 *   machine by TLS only
 */
export function endpointAddressOf(text: string, name: EndpointName): EndpointAddress {
  const invalid = (what: string, cause?: unknown) =>
    new GatehouseError(`${name.replace(' ', '-')}-address-invalid`, `the address of the ${name} ${what}`, {
      cause,
    });
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
