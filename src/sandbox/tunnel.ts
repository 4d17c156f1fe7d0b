import { isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { EgressRefusal } from '../domain/egress';
import { readFirstBytes } from './client-hello';

export interface TunnelEnds {
  client: Duplex;
  /** What the client sent behind its request. */
  head: Buffer;
  /** Connected to the host that was allowed. */
  upstream: Socket;
  /** In the spelling that was judged. */
  host: string;
  /** Whether other protocols than TLS may be spoken: the list names the port itself. */
  mayBePlain: boolean;
}

/** Clients say hello in one or two. */
const MAX_HELLO_PIECES = 512;
/** Time in which a client that may speak TLS only says hello. */
const HELLO_MS = 10_000;

/**
 * Leads bytes both ways, end to end. Nothing of the client goes on before it is known that its TLS asks for the very host
 * that the tunnel was opened to: else an allowed name would be a way to every other one behind the same front.
 *
 * @param refuse told why, once, when the tunnel is closed for it
 */
export function joinTunnel(
  { client, head, upstream, host, mayBePlain }: TunnelEnds,
  refuse: (reason: EgressRefusal) => void,
): void {
  let held = head;
  let pieces = 0;
  const close = () => {
    clearTimeout(timer);
    client.destroy();
    upstream.destroy();
  };
  const timer = setTimeout(() => {
    if (!mayBePlain) refuse('not-tls');
    if (!mayBePlain || held.length > 0) close();
  }, HELLO_MS);
  timer.unref();
  for (const end of [client, upstream]) end.on('error', close).on('close', close);

  function look(): boolean {
    const first = readFirstBytes(held);
    if (first.kind === 'incomplete') return false;
    const reason = refusalOf(first, host, mayBePlain);
    client.off('data', hold);
    clearTimeout(timer);
    if (reason) {
      refuse(reason);
      close();
      return true;
    }
    upstream.write(held);
    client.pipe(upstream);
    return true;
  }
  function hold(chunk: Buffer): void {
    held = Buffer.concat([held, chunk]);
    if (look() || ++pieces < MAX_HELLO_PIECES) return;
    refuse('misdirected');
    close();
  }

  // Some servers speak first.
  upstream.pipe(client);
  if (!look()) client.on('data', hold);
}

function refusalOf(
  first: ReturnType<typeof readFirstBytes>,
  host: string,
  mayBePlain: boolean,
): EgressRefusal | null {
  switch (first.kind) {
    case 'incomplete':
      return null;
    case 'not-tls':
      return mayBePlain ? null : 'not-tls';
    case 'malformed':
      return 'misdirected';
    case 'client-hello':
      if (first.hidesName) return 'hidden-name';
      // An address is never a server name: without one the server shows what it has for everybody.
      if (first.serverName === null) return isAddress(host) ? null : 'misdirected';
      return first.serverName.toLowerCase() === host ? null : 'misdirected';
    default:
      return first satisfies never;
  }
}

function isAddress(host: string): boolean {
  return isIP(host) !== 0;
}
