import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { MAX_ARTIFACT_BYTES, missing, tooLarge, wrongHash } from '../artifacts/artifact-errors';
import type { ServedArtifactStore } from '../artifacts/artifact-store';
import { decodeBatch, MAX_BATCH_BYTES } from '../artifacts/batch';
import { type PassVerifier, requireGood } from '../broker/artifact-pass';
import type { TlsFiles } from '../broker/broker-address';
import type { EndpointAddress } from '../broker/endpoint-address';
import type { PassClaims } from '../domain/artifact-pass';
import { GatehouseError, publicMessage } from '../domain/errors';
import { sha256 } from '../domain/hashing';
import { type ArtifactPath, PASS_HEADER, readPath } from '../sandbox/artifact-paths';
import { createProofChecker, PROOF_HEADER } from '../sandbox/channel-proof';
import { type Endpoint, startEndpoint } from '../sandbox/endpoint';
import { bodyOf, sendJson } from '../sandbox/listening';
import type { ArtifactAccess, Counted, PutArtifact } from '../store/artifact-access';
import { createPlaces } from './places';

export interface ArtifactEndpointOptions {
  address: EndpointAddress;
  /** For `https`: who asks must show a certificate too. */
  tls?: TlsFiles;
  store: ServedArtifactStore;
  access: Pick<ArtifactAccess, 'mayRead' | 'mayPut' | 'count' | 'refused'>;
  passes: PassVerifier;
  /** RFC 7638 thumbprints of those who may show passes. */
  presenters: { runner: string; sandboxes: ReadonlySet<string> };
  /** Largest artifact in bytes. @default 67_108_864 */
  maxBytes?: number;
  /** Longest that a request may take to come, in milliseconds. @default 60_000 */
  requestTimeoutMs?: number;
  now?(): number;
  log(message: string, cause: unknown): void;
}

/** Requests of one key that are answered at once. */
const REQUESTS_AT_ONCE = 32;
/** From here on a run's quota is looked at before the content comes. */
const LARGE_BYTES = 256 * 1024;
const STORES_AT_ONCE = 16;

/**
 * Listens for runners and sandbox hosts, which have no other way to artifacts. A pass says of which run, proof of its key
 * that it is the bearer's; before both are known nothing of a body is read.
 *
 * @throws GatehouseError `artifact-endpoint-in-use`, `artifact-endpoint-tls-missing`
 */
export function startArtifactEndpoint(options: ArtifactEndpointOptions): Promise<Endpoint> {
  const { address, tls, requestTimeoutMs = 60_000 } = options;
  return startEndpoint({
    ...{ address, tls, requestTimeoutMs, handler: handlerOf(options) },
    inUse: new GatehouseError(
      'artifact-endpoint-in-use',
      'another control worker answers on the socket of the artifact endpoint; stop it first',
    ),
    tlsMissing: new GatehouseError(
      'artifact-endpoint-tls-missing',
      'artifacts are served by `https`, which needs `GATEHOUSE_ARTIFACT_TLS_CERT`, `_KEY` and `_CA`',
    ),
  });
}

/** A request whose pass and proof are good. */
interface Asked {
  path: ArtifactPath;
  claims: PassClaims;
  run: { runId: string; organizationId: string };
  presenter: string;
}

function handlerOf({
  store,
  access,
  passes,
  presenters,
  maxBytes = MAX_ARTIFACT_BYTES,
  now = Date.now,
  log,
}: ArtifactEndpointOptions) {
  const prove = createProofChecker(now);
  const places = createPlaces(REQUESTS_AT_ONCE);

  async function admit(request: IncomingMessage): Promise<Asked> {
    const path = readPath(request.url);
    const isRead = request.method === 'GET' && path?.kind === 'artifact';
    if (!path || !(isRead || request.method === 'PUT'))
      throw new GatehouseError(
        'not-found',
        'artifacts are asked for by their hash, with `GET` and `PUT` only',
      );
    const proof = single(request, PROOF_HEADER);
    const bodyHash = isRead ? sha256('') : path.hash;
    const proven = { method: request.method ?? '', path: request.url ?? '', bodyHash };
    const presenter = prove(proof, proven);
    const pass = single(request, PASS_HEADER);
    if (pass === undefined)
      throw new GatehouseError('artifact-pass-missing', 'artifacts are asked for with a pass');
    const claims = passes.open(pass, now());
    const asked = {
      path,
      claims,
      presenter,
      run: { runId: claims.sub, organizationId: claims.organization },
    };
    try {
      requireGood(claims, isRead ? 'read' : 'write', { presenter, keys: presenters, now: now() });
    } catch (error) {
      throw await remembered(asked, error);
    }
    return asked;
  }

  /** Somebody with a genuine pass tries what it is not for: the run's audit knows of it. */
  async function remembered({ run, claims, presenter, path }: Asked, error: unknown): Promise<unknown> {
    const code = error instanceof GatehouseError ? error.code : 'internal';
    if (!TELLING.has(code)) return error;
    await access
      .refused(run, { role: claims.role, presenter, hash: path.hash, code })
      .catch((cause) => log('a refused request for an artifact was not recorded', cause));
    return error;
  }

  async function give(asked: Asked, response: ServerResponse): Promise<void> {
    const { hash } = asked.path;
    // Not there and not the run's are one answer, given before the store is asked.
    if (!(await access.mayRead(asked.run, hash))) throw await remembered(asked, missing(hash));
    const { bytes, content } = await store.open(hash);
    response.writeHead(200, {
      ...UNKEPT,
      'content-type': 'application/octet-stream',
      'content-length': bytes,
    });
    await pipeline(content, response);
  }

  async function take(asked: Asked, request: IncomingMessage): Promise<void> {
    const { path, run } = asked;
    const length = Number(request.headers['content-length'] ?? Number.NaN);
    if (!Number.isSafeInteger(length))
      throw new GatehouseError('artifact-length-missing', 'an artifact is put with its `content-length`');
    const limit = path.kind === 'batch' ? MAX_BATCH_BYTES : maxBytes;
    if (length > limit) throw tooLarge(length, limit);
    if (length > LARGE_BYTES) requireCounted(await access.mayPut(run, length));
    if (path.kind === 'batch') return takeBatch(asked, request);
    const staged = await store.stage(path.hash, request);
    try {
      // INVARIANT: its bytes were compared with its hash. A hash alone opens nothing.
      requireCounted(await access.count(run, [{ hash: path.hash, bytes: staged.bytes }]));
      await staged.keep();
    } finally {
      await staged.discard();
    }
  }

  async function takeBatch({ path, run }: Asked, request: IncomingMessage): Promise<void> {
    const body = await bodyOf(request, MAX_BATCH_BYTES, 'a batch of artifacts');
    if (sha256(body) !== path.hash) throw wrongHash(path.hash);
    const contents = new Map(decodeBatch(body).map((content) => [sha256(content), content]));
    const put: PutArtifact[] = [...contents].map(([hash, content]) => ({ hash, bytes: content.byteLength }));
    if (put.length === 0) return;
    requireCounted(await access.count(run, put));
    const all = [...contents];
    for (let start = 0; start < all.length; start += STORES_AT_ONCE)
      await Promise.all(
        all.slice(start, start + STORES_AT_ONCE).map(async ([hash, content]) => {
          await (await store.stage(hash, Readable.from([content]))).keep();
        }),
      );
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = await admit(request);
    await places.with(asked.presenter, async () => {
      if (request.method === 'GET') return give(asked, response);
      await take(asked, request);
      sendJson(response, 200, {}, UNKEPT);
    });
  }

  return (request: IncomingMessage, response: ServerResponse) => {
    answer(request, response).catch((error) => {
      if (!(error instanceof GatehouseError) || UNEXPLAINED.has(error.code))
        log('a request for an artifact failed', error);
      const code = error instanceof GatehouseError ? error.code : 'internal';
      if (response.headersSent) return response.destroy();
      const headers = { ...UNKEPT, ...(UNPROVEN.has(code) ? { connection: 'close' } : {}) };
      sendJson(response, statusOf(code), { error: { code, message: publicMessage(error) } }, headers);
      // Who is nobody here is not listened to any longer.
      if (UNPROVEN.has(code)) response.once('finish', () => request.destroy());
    });
  };
}

const UNKEPT = { 'cache-control': 'no-store' };

/** Refusals that no process of ours meets unless it was taken over, or speaks for one that was. */
const TELLING: ReadonlySet<string> = new Set([
  'artifact-pass-wrong-bearer',
  'artifact-pass-wrong-verb',
  'artifact-missing',
]);
/** Nobody is known to ask. */
const UNPROVEN: ReadonlySet<string> = new Set([
  'not-found',
  'proof-invalid',
  'key-unreadable',
  'artifact-pass-missing',
  'artifact-pass-invalid',
  'artifact-pass-wrong-bearer',
]);
const UNEXPLAINED: ReadonlySet<string> = new Set([
  'proof-invalid',
  'key-unreadable',
  'artifact-pass-invalid',
  'artifact-store-unavailable',
  'database-unreachable',
]);

function single(request: IncomingMessage, header: string): string | undefined {
  const value = request.headers[header];
  return typeof value === 'string' ? value : undefined;
}

/** @throws GatehouseError `artifact-quota-exceeded`, `artifact-run-over` */
function requireCounted(counted: Counted): void {
  switch (counted) {
    case 'counted':
      return;
    case 'over-quota':
      throw new GatehouseError('artifact-quota-exceeded', 'the run has used up its quota of artifacts');
    case 'run-over':
      throw new GatehouseError('artifact-run-over', 'the run is over, and keeps no more artifacts');
    default:
      counted satisfies never;
  }
}

function statusOf(code: string): number {
  switch (code) {
    case 'proof-invalid':
    case 'key-unreadable':
    case 'artifact-pass-missing':
    case 'artifact-pass-invalid':
    case 'artifact-pass-expired':
      return 401;
    case 'not-found':
    case 'artifact-missing':
      return 404;
    case 'artifact-too-large':
    case 'request-too-large':
      return 413;
    case 'artifact-hash-wrong':
    case 'artifact-batch-malformed':
    case 'artifact-length-missing':
      return 400;
    case 'artifact-endpoint-busy':
    case 'artifact-store-unavailable':
    case 'database-unreachable':
      return 503;
    default:
      return code.startsWith('artifact-') && code !== 'artifact-damaged' ? 403 : 500;
  }
}
