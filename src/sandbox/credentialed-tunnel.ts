import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { MitmCA } from '@anthropic-ai/sandbox-runtime/dist/sandbox/mitm-ca.js';
import { secureContextFor } from '@anthropic-ai/sandbox-runtime/dist/sandbox/mitm-leaf.js';
import { formatAuthority, stripHopByHop } from '@anthropic-ai/sandbox-runtime/dist/sandbox/parent-proxy.js';
import {
  hostHeaderValues,
  hostMismatch,
  removeHeadersFolded,
} from '@anthropic-ai/sandbox-runtime/dist/sandbox/request-filter.js';
import { isResolvedAddressDenied } from '@anthropic-ai/sandbox-runtime/dist/sandbox/resolved-address-guard.js';
import type { EgressRefusal } from '../domain/egress';
import { type CredentialRule, injectionOf, SHORTEST } from './credential-rule';
import { masked, maskingStream } from './masking';

export interface CredentialedTunnel {
  client: Duplex;
  /** What the client sent behind its request. */
  head: Buffer;
  /** In the spelling that was judged. */
  host: string;
  port: number;
  rule: CredentialRule;
  authority: MitmCA;
  lookup: LookupFunction;
}

/**
 * Speaks TLS with the client in the host's name, puts the rule's header into each request in place of whatever the client
 * sent under that name, and forwards it over TLS of its own, verified. What comes back has the secret masked.
 *
 * @param refuse told why, when a request names another host
 * @param log told the causes of what is answered in public words
 */
export function openCredentialedTunnel(
  { client, head, host, port, rule, authority, lookup }: CredentialedTunnel,
  refuse: (reason: EgressRefusal) => void,
  log: (message: string, cause: unknown) => void,
): void {
  async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const mismatch = hostMismatch(hostHeaderValues(request.rawHeaders), undefined, {
      hostname: host,
      port,
      defaultPort: 443,
    });
    if (mismatch !== undefined) {
      refuse('misdirected');
      return answer(response, 421, 'the request names another host than the one it was sent to');
    }
    if (!request.url?.startsWith('/') || request.method === 'TRACE')
      return answer(response, 400, 'requests to a host with a credential name a path, and do not trace');
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    let injection: ReturnType<typeof injectionOf>;
    try {
      const secret = await rule.source(gone.signal);
      if (!isHeaderValue(secret) || secret.length < SHORTEST)
        throw new TypeError('it cannot be sent as a header');
      injection = injectionOf(rule, secret);
    } catch (cause) {
      log(`the credential for ${host} could not be had`, cause);
      return answer(response, 502, 'the credential for this host could not be had');
    }
    const upstream = httpsRequest({
      ...{ host, port, lookup, method: request.method, path: request.url, agent: false },
      servername: isIP(host) === 0 ? host : '',
      headers: forwardedHeaders(
        request.headers,
        rule.header,
        injection.value,
        formatAuthority(host, port, 443),
      ),
      // INVARIANT: nothing in the environment may switch this off: the secret goes to whom it is for.
      rejectUnauthorized: true,
      ca: rule.upstreamCa,
      signal: gone.signal,
    });
    upstream.once('error', (cause) => {
      if (gone.signal.aborted) return;
      log(`a request to ${host} failed`, cause);
      if (response.headersSent) return void response.destroy();
      answer(response, isResolvedAddressDenied(cause) ? 403 : 502, 'the host could not be reached');
    });
    upstream.once('response', (answered) => relay(answered, response, injection.secrets));
    request.pipe(upstream);
  }

  const inner = createServer((request, response) => void forward(request, response));
  inner.on('clientError', (_, socket) => socket.destroy());
  if (head.length > 0) client.unshift(head);
  const tls = new TLSSocket(client as never, {
    isServer: true,
    secureContext: secureContextFor(authority, host),
    SNICallback(name, done) {
      if (name.toLowerCase() === host) return done(null, secureContextFor(authority, host));
      refuse('misdirected');
      done(new Error('another host is asked for'));
    },
  });
  tls.on('error', () => tls.destroy());
  const late = setTimeout(() => tls.destroy(), HANDSHAKE_MS).unref();
  tls.once('secure', () => clearTimeout(late));
  tls.once('close', () => {
    clearTimeout(late);
    client.destroy();
  });
  inner.emit('connection', tls);
}

const HANDSHAKE_MS = 10_000;

function forwardedHeaders(
  received: IncomingHttpHeaders,
  name: string,
  value: string,
  authority: string,
): OutgoingHttpHeaders {
  const headers = stripHopByHop(received, { folded: true });
  // By ranges a host that echoes could be had to tell it piece by piece, of which none is masked.
  removeHeadersFolded(headers, [name, 'expect', 'accept-encoding', 'range', 'if-range']);
  const hasBody = received['content-length'] !== undefined || received['transfer-encoding'] !== undefined;
  return {
    ...headers,
    host: authority,
    // What is compressed cannot be looked through.
    'accept-encoding': 'identity',
    ...(hasBody && headers['content-length'] === undefined && { 'transfer-encoding': 'chunked' }),
    [name.toLowerCase()]: value,
  };
}

function relay(answered: IncomingMessage, response: ServerResponse, secrets: readonly string[]): void {
  const encoding = answered.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') {
    answered.destroy();
    answer(response, 502, 'the host compressed its answer although it was asked not to');
    return;
  }
  const headers = Object.entries(stripHopByHop(answered.headers, { folded: true })).flatMap(
    ([name, value]) =>
      value === undefined
        ? []
        : [
            [
              name,
              Array.isArray(value) ? value.map((each) => masked(each, secrets)) : masked(value, secrets),
            ] as const,
          ],
  );
  try {
    response.writeHead(
      answered.statusCode ?? 502,
      masked(answered.statusMessage ?? '', secrets),
      Object.fromEntries(headers),
    );
  } catch {
    answered.destroy();
    answer(response, 502, 'the host answered with what cannot be passed on');
    return;
  }
  pipeline(answered, maskingStream(secrets), response, () => {});
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain', connection: 'close' });
  response.end(`gatehouse: ${text}\n`);
}

/** As it goes over the wire: printable ASCII. */
function isHeaderValue(secret: string): boolean {
  return /^[\x20-\x7e]+$/.test(secret);
}
