import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { LookupFunction } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { createHttpProxyServer } from '@anthropic-ai/sandbox-runtime/dist/sandbox/http-proxy.js';
import { dialDirect } from '@anthropic-ai/sandbox-runtime/dist/sandbox/parent-proxy.js';
import {
  createResolvedAddressGuard,
  isResolvedAddressDenied,
  type Resolver,
} from '@anthropic-ai/sandbox-runtime/dist/sandbox/resolved-address-guard.js';
import type { EgressRefusal } from '../domain/egress';
import { LOCAL_IPV6_NETWORKS, NOT_PUBLIC_NETWORKS } from '../domain/not-public';
import { type CredentialRule, ruleFor } from './credential-rule';
import { openCredentialedTunnel } from './credentialed-tunnel';
import {
  createDestinationJudge,
  type DestinationVerdict,
  METADATA_NETWORKS,
  namesMetadata,
} from './destination';
import { egressAuthority } from './egress-authority';
import { joinTunnel } from './tunnel';

/** A connection that was refused, as the program named it. */
export interface Refusal {
  host: string;
  port: number;
  reason: EgressRefusal;
}

/** The way out of one sandboxed command. */
export interface Egress {
  /** Unix socket of the proxy. */
  socket: string;
  /** File of the certificates that programs are to trust, where the proxy speaks for a host; else null. */
  trust: string | null;
  close(): Promise<void>;
}

export interface EgressOptions {
  /** See {@link createDestinationJudge}. */
  hosts: readonly string[];
  onRefused?(refused: Refusal): void;
  /** Credentials that are put into requests to hosts of the list. @default [] */
  credentials?: readonly CredentialRule[];
  /** Internal causes of what is answered in public words. */
  log?(message: string, cause: unknown): void;
  /** Gives the addresses of a name. @default the system's */
  resolve?: Resolver;
}

/**
 * Opens a proxy that connects to these hosts only. A name is looked up once; the address that was checked is the one that
 * is dialled, and an address of this machine or of a private network is refused unless it is on the list itself.
 */
export async function openEgress({
  hosts,
  onRefused = () => {},
  credentials = [],
  log = () => {},
  resolve,
}: EgressOptions): Promise<Egress> {
  const judge = createDestinationJudge(hosts);
  let logged = 0;
  // A program chooses how often it fails.
  const logSome: typeof log = (message, cause) => {
    if (++logged <= MAX_LOGGED) log(message, cause);
  };
  const lookupFor = guardedLookup(hosts, onRefused, resolve);
  const authority = credentials.length > 0 ? egressAuthority() : null;
  function judgeInClear(host: string, port: number): DestinationVerdict {
    const verdict = judge(host, port);
    if (verdict.kind === 'refused' || !ruleFor(credentials, verdict.host, verdict.port)) return verdict;
    return { kind: 'refused', reason: 'cleartext' };
  }

  // Never listens: it is handed the requests in clear, whose bytes it reads.
  const forwarder = createHttpProxyServer({
    filter(port, host) {
      const verdict = judgeInClear(host, port);
      if (verdict.kind === 'refused') onRefused({ host, port, reason: verdict.reason });
      return verdict.kind === 'allowed';
    },
    lookupFor,
    requireHostMatch: true,
    requireAsciiHost: true,
    foldHopByHop: true,
    onFilterRequestDenied: ({ url }) => onRefused({ ...placeOf(url), reason: 'misdirected' }),
  });

  async function connect(request: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    client.on('error', () => client.destroy());
    const target = authorityOf(request.url);
    if (!target) return void client.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    const refuse = (reason: EgressRefusal) => onRefused({ ...target, reason });
    const verdict = judge(target.host, target.port);
    if (verdict.kind === 'refused') {
      refuse(verdict.reason);
      return void client.end(FORBIDDEN);
    }
    const { host, port, isPortListed } = verdict;
    if (!isSameAuthority(request.headers.host, target)) {
      refuse('misdirected');
      return void client.end('HTTP/1.1 421 Misdirected Request\r\n\r\n');
    }
    const rule = ruleFor(credentials, host, port);
    if (rule && authority) {
      client.write(ESTABLISHED);
      const tunnel = { client, head, host, port, rule, authority, lookup: lookupFor(port) };
      return openCredentialedTunnel(tunnel, refuse, logSome);
    }
    try {
      const upstream = await dialDirect(host, port, lookupFor(port));
      client.write(ESTABLISHED);
      joinTunnel({ client, head, upstream, host, mayBePlain: isPortListed }, refuse);
    } catch (error) {
      client.end(isResolvedAddressDenied(error) ? FORBIDDEN : 'HTTP/1.1 502 Bad Gateway\r\n\r\n');
    }
  }

  const server = createServer();
  server.maxConnections = MAX_CONNECTIONS;
  server.on('request', (request, response) => forwarder.emit('request', request, response));
  server.on('clientError', (error, client) => forwarder.emit('clientError', error, client));
  server.on('connect', (request, client, head) => void connect(request, client, head));
  return { ...(await listening(server)), trust: authority?.trustBundlePath ?? null };
}

/** Of one call at once, whose programs could otherwise take all descriptors that the worker may have. */
const MAX_CONNECTIONS = 256;
/** Causes of one call. */
const MAX_LOGGED = 20;
const ESTABLISHED = 'HTTP/1.1 200 Connection Established\r\n\r\n';
const FORBIDDEN = 'HTTP/1.1 403 Forbidden\r\n\r\n';

async function listening(server: ReturnType<typeof createServer>): Promise<Omit<Egress, 'trust'>> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-egress-'));
  const socket = join(folder, 'proxy.sock');
  // A tunnel is no longer the server's own connection, and would outlive it.
  const open = new Set<Duplex>();
  server.on('connection', (connection) => {
    open.add(connection);
    connection.once('close', () => open.delete(connection));
  });
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socket, resolve);
    });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  return {
    socket,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const connection of open) connection.destroy();
      await closed;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Looks names up for a port; what is refused fails, and is told. */
function guardedLookup(
  hosts: readonly string[],
  onRefused: (refused: Refusal) => void,
  resolve: Resolver | undefined,
): (port: number) => LookupFunction {
  const guard = createResolvedAddressGuard({
    allowedDomains: hosts.filter((entry) => !namesMetadata(entry)),
    deniedResolvedAddresses: [...METADATA_NETWORKS, ...NOT_PUBLIC_NETWORKS, ...LOCAL_IPV6_NETWORKS],
    resolve,
  });
  return (port) => {
    const lookup = guard.lookupFor(port);
    return (host, options, done) =>
      lookup(host, options, (error, ...found) => {
        if (isResolvedAddressDenied(error)) onRefused({ host, port, reason: 'address' });
        done(error, ...found);
      });
  };
}

/** Host and port of a request's target or Host header, the port spelled out. */
function authorityOf(text: string | undefined): { host: string; port: number } | null {
  const [, address, name, port] = /^(?:\[([^\]]*)\]|([^:[\]/@?#\s]+)):(\d{1,5})$/.exec(text ?? '') ?? [];
  const host = address ?? name;
  return host ? { host, port: Number(port) } : null;
}

/** A Host header beside a tunnel says the same, or leaves the port out, or is not there. */
function isSameAuthority(header: string | undefined, target: { host: string; port: number }): boolean {
  if (header === undefined) return true;
  const said = authorityOf(header) ?? authorityOf(`${header}:${target.port}`);
  return said !== null && said.port === target.port && said.host.toLowerCase() === target.host.toLowerCase();
}

function placeOf(url: string): { host: string; port: number } {
  const { hostname, port, protocol } = new URL(url);
  return { host: hostname, port: Number(port) || (protocol === 'https:' ? 443 : 80) };
}
