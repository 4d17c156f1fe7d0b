import { BlockList, isIP } from 'node:net';
// Its parts, not its SandboxManager: that one is a single set of rules for the whole process, and every call has its own.
import {
  isValidAllowedDomainEntry,
  matchesDomainPattern,
  splitDomainPatternPort,
} from '@anthropic-ai/sandbox-runtime/dist/sandbox/domain-pattern.js';
import { canonicalizeHost } from '@anthropic-ai/sandbox-runtime/dist/sandbox/parent-proxy.js';
import { type EgressRefusal, MAX_HOST_LENGTH } from '../domain/egress';

/** Whether a connection may be tried, by name and port; what the name resolves to is judged when it is dialled. */
export type DestinationVerdict =
  | { kind: 'allowed'; host: string; port: number; isPortListed: boolean }
  | { kind: 'refused'; reason: EgressRefusal };

export type JudgeDestination = (host: string, port: number) => DestinationVerdict;

/**
 * Judges destinations by a list of hosts: `name`, `*.name`, an address, each with `:port` or else at 443 and 80. A name
 * that is not spelled in plain ASCII is refused rather than read; what is allowed comes back in the one spelling that is
 * dialled, so that nothing is compared in one and used in another.
 */
export function createDestinationJudge(hosts: readonly string[]): JudgeDestination {
  const entries = hosts.filter(isValidAllowedDomainEntry).map(splitDomainPatternPort);
  return (spelled, port) => {
    const host =
      PLAIN.test(spelled) && spelled.length <= MAX_HOST_LENGTH ? canonicalizeHost(spelled) : undefined;
    if (host === undefined || !Number.isInteger(port) || port < 1 || port > 65_535)
      return { kind: 'refused', reason: 'malformed' };
    if (isMetadata(host)) return { kind: 'refused', reason: 'metadata' };
    const named = entries.filter(({ hostPattern }) => matchesDomainPattern(host, hostPattern));
    if (named.length === 0) return { kind: 'refused', reason: 'host' };
    const isPortListed = named.some((entry) => entry.port === port);
    const isOpen =
      isPortListed || (DEFAULT_PORTS.has(port) && named.some((entry) => entry.port === undefined));
    return isOpen ? { kind: 'allowed', host, port, isPortListed } : { kind: 'refused', reason: 'port' };
  };
}

const DEFAULT_PORTS = new Set([80, 443]);

/** Labels of letters, digits, `-` and `_`, a dot at the end at most; or an address, that of IPv6 without a zone. */
const PLAIN = /^(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?|[0-9a-f:]+(?:\d+(?:\.\d+){3})?)$/i;

/**
 * What gives a machine's own credentials to whoever asks from it. Never opened, whoever lists it: the machine is the
 * sandbox's host.
 */
export const METADATA_NETWORKS = [
  '169.254.0.0/16',
  'fe80::/10',
  '100.100.100.200/32',
  '168.63.129.16/32',
  '192.0.0.192/32',
  'fd00:ec2::/32',
  'fd20:ce::254/128',
  'fd00:c1::a9fe:a9fe/128',
  'fd00:42::42/128',
  'fd00:a9fe:a9fe::1/128',
] as const;
const METADATA_NAMES = /(^|\.)(metadata|metadata\.google\.internal|metadata\.goog|instance-data(\..+)?)$/;

const metadata = new BlockList();
for (const network of METADATA_NETWORKS) {
  const [address = '', prefix] = network.split('/');
  metadata.addSubnet(address, Number(prefix), address.includes(':') ? 'ipv6' : 'ipv4');
}

/** Whether an entry of a list names what no list opens. */
export function namesMetadata(entry: string): boolean {
  return isMetadata(splitDomainPatternPort(entry).hostPattern);
}

function isMetadata(host: string): boolean {
  const family = isIP(host);
  // An IPv4 address within an IPv6 one is met by the rules for IPv4.
  return family === 0 ? METADATA_NAMES.test(host) : metadata.check(host, family === 6 ? 'ipv6' : 'ipv4');
}
