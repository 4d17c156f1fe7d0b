import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { GatehouseError } from '../domain/errors';
import { NOT_PUBLIC_NETWORKS } from '../domain/not-public';

/** One address of a host, as it was looked up and checked. */
export interface CheckedAddress {
  address: string;
  family: 4 | 6;
}

/** Decides where notifications may go. */
export interface AddressGuard {
  /**
   * The addresses of a URL's host, all of them checked: connect to these and to no others.
   *
   * @throws GatehouseError `webhook-address-refused`, `webhook-unreachable` when the name is not known
   */
  check(url: URL): Promise<CheckedAddress[]>;
}

/**
 * Refuses everything but HTTPS to public addresses, so that nobody who may add a webhook reaches into our network.
 *
 * @param privateHosts `host` or `host:port` that the operator allows to be private, and to be spoken to without TLS
 * @param resolve gives all addresses of a name. @default the system's
 */
export function createAddressGuard(
  privateHosts: readonly string[],
  resolve: (hostname: string) => Promise<CheckedAddress[]> = resolveBySystem,
): AddressGuard {
  const allowed = new Set(privateHosts.map((host) => host.toLowerCase()));
  return {
    async check(url) {
      const isAllowed = allowed.has(url.hostname) || allowed.has(`${url.hostname}:${portOf(url)}`);
      if (url.protocol !== 'https:' && !(isAllowed && url.protocol === 'http:'))
        throw refused(url, 'is not spoken to by HTTPS');
      const addresses = await addressesOf(url, resolve);
      if (!isAllowed && !addresses.every(isPublic)) throw refused(url, 'has an address that is not public');
      return addresses;
    },
  };
}

async function addressesOf(
  url: URL,
  resolve: (hostname: string) => Promise<CheckedAddress[]>,
): Promise<CheckedAddress[]> {
  const hostname = url.hostname.replace(/^\[|\]$/g, '');
  const family = isIP(hostname);
  if (family !== 0) return [{ address: hostname, family: family as 4 | 6 }];
  try {
    const addresses = await resolve(hostname);
    if (addresses.length > 0) return addresses;
  } catch (cause) {
    throw unknownHost(url, cause);
  }
  throw unknownHost(url);
}

async function resolveBySystem(hostname: string): Promise<CheckedAddress[]> {
  return (await lookup(hostname, { all: true })) as CheckedAddress[];
}

/** Whether an address is somebody's on the open internet. */
export function isPublic({ address, family }: CheckedAddress): boolean {
  if (family === 4) return !NOT_PUBLIC.check(address, 'ipv4');
  // Only what was ever given out; mapped, translated and local addresses are all outside.
  return GIVEN_OUT.check(address, 'ipv6') && !NOT_PUBLIC.check(address, 'ipv6');
}

const GIVEN_OUT = new BlockList();
GIVEN_OUT.addSubnet('2000::', 3, 'ipv6');

const NOT_PUBLIC = new BlockList();
for (const subnet of NOT_PUBLIC_NETWORKS) {
  const [network = '', prefix] = subnet.split('/');
  NOT_PUBLIC.addSubnet(network, Number(prefix), network.includes(':') ? 'ipv6' : 'ipv4');
}

function portOf({ port, protocol }: URL): string {
  return port || (protocol === 'https:' ? '443' : '80');
}

/** Where a webhook leads, without what may be a secret: path, query. */
export function placeOfUrl({ protocol, host }: URL): string {
  return `${protocol}//${host}`;
}

function refused(url: URL, why: string): GatehouseError {
  return new GatehouseError(
    'webhook-address-refused',
    `\`${placeOfUrl(url)}\` ${why}; the operator can allow it in \`GATEHOUSE_PRIVATE_WEBHOOKS\``,
  );
}

function unknownHost(url: URL, cause?: unknown): GatehouseError {
  return new GatehouseError('webhook-unreachable', `the host of \`${placeOfUrl(url)}\` is not known`, {
    cause,
  });
}
