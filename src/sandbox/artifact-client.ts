import { Agent, type RequestOptions } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { setTimeout } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { damaged, MAX_ARTIFACT_BYTES, requireName, tooLarge } from '../artifacts/artifact-errors';
import type { ArtifactStore } from '../artifacts/artifact-store';
import { encodeBatch, MAX_BATCH_BYTES, MAX_BATCH_COUNT } from '../artifacts/batch';
import type { TlsFiles } from '../broker/broker-address';
import type { EndpointAddress } from '../broker/endpoint-address';
import { exchangeBytes, type RawAnswer, StaleConnectionError } from '../broker/exchange';
import type { SigningKey } from '../broker/keys';
import { GatehouseError } from '../domain/errors';
import { sha256 } from '../domain/hashing';
import { type ArtifactPath, PASS_HEADER, pathOf } from './artifact-paths';
import { PROOF_HEADER, proofOf } from './channel-proof';
import { reaching } from './endpoint';

/** Opens the artifacts of one run, as far as a pass opens them. */
export type OpenArtifacts = (run: {
  runId: string;
  /** Absent, everything is refused with `artifact-pass-missing`. */
  pass: string | undefined;
  signal?: AbortSignal;
}) => ArtifactStore;

export interface ArtifactClientOptions {
  address: EndpointAddress;
  tls?: TlsFiles;
  /** Of this runner or host; passes are bound to it. */
  key: SigningKey;
  /** How long an endpoint that does not answer is asked again, in milliseconds. @default 60_000 */
  patienceMs?: number;
}

/** Longest that one request may take, in milliseconds. */
const TIMEOUT_MS = 60_000;
/** Smaller ones that are put together go together. */
const SMALL_BYTES = 64 * 1024;
const REQUESTS_AT_ONCE = 8;

/**
 * A runner's or host's way to artifacts: the endpoint of its configuration, asked with the pass of a run and proof of its
 * own key. While control restarts it asks again.
 */
export function createArtifactClient(options: ArtifactClientOptions): { open: OpenArtifacts; close(): void } {
  const { address, tls, key, patienceMs = 60_000 } = options;
  const target = reaching(address, tls, TLS_MISSING);
  const connections = { keepAlive: true, maxSockets: REQUESTS_AT_ONCE };
  const agent = target.protocol === 'https:' ? new TlsAgent(connections) : new Agent(connections);
  /** What a run has put already, by run and hash. */
  const kept = new LRUCache<string, true>({ max: 50_000 });

  /** One answer that says something of the request; what only says that nobody is there is asked again. */
  async function ask(
    { method, path, body }: { method: 'GET' | 'PUT'; path: ArtifactPath; body?: Uint8Array },
    pass: string,
    signal: AbortSignal | undefined,
  ): Promise<RawAnswer> {
    const until = Date.now() + patienceMs;
    const url = pathOf(path);
    const bodyHash = body ? path.hash : sha256('');
    for (let attempt = 0; ; attempt++) {
      signal?.throwIfAborted();
      const limits = [AbortSignal.timeout(TIMEOUT_MS), ...(signal ? [signal] : [])];
      const request: RequestOptions = {
        ...{ ...target, agent, method, path: url, signal: AbortSignal.any(limits) },
        headers: {
          ...(body ? { 'content-length': body.byteLength } : {}),
          [PASS_HEADER]: pass,
          [PROOF_HEADER]: proofOf({ method, path: url, bodyHash }, key),
        },
      };
      let cause: unknown;
      try {
        const answer = await exchangeBytes(request, body, MAX_ARTIFACT_BYTES);
        if (answer.status !== 503 || Date.now() > until) return answer;
      } catch (error) {
        cause = error;
      }
      signal?.throwIfAborted();
      if (Date.now() > until) throw unavailable('cannot be reached', cause);
      // A kept connection that was closed just then says nothing.
      if (!(cause instanceof StaleConnectionError && attempt === 0))
        await setTimeout(Math.min(1_000, 50 * 2 ** attempt), undefined, { signal }).catch(() => undefined);
    }
  }

  return {
    open({ runId, pass, signal }) {
      const batch = createBatches((contents) => put(contents));

      async function put(contents: readonly Named[]): Promise<void> {
        const [first] = contents;
        if (contents.length === 1 && first) return send('artifact', first.bytes);
        return send('batch', encodeBatch(contents.map(({ bytes }) => bytes)));
      }

      async function send(kind: ArtifactPath['kind'], body: Uint8Array): Promise<void> {
        const path = { kind, hash: sha256(body) };
        requireDone(await ask({ method: 'PUT', path, body }, requirePass(pass), signal));
      }

      return {
        async put(content) {
          const bytes = typeof content === 'string' ? Buffer.from(content) : content;
          if (bytes.byteLength > MAX_ARTIFACT_BYTES) throw tooLarge(bytes.byteLength, MAX_ARTIFACT_BYTES);
          const hash = sha256(bytes);
          const name = `${runId} ${hash}`;
          if (kept.has(name)) return hash;
          if (bytes.byteLength <= SMALL_BYTES) await batch({ hash, bytes });
          else await send('artifact', bytes);
          kept.set(name, true);
          return hash;
        },

        async get(hash) {
          requireName(hash);
          const path = { kind: 'artifact', hash } as const;
          const answer = await ask({ method: 'GET', path }, requirePass(pass), signal);
          requireDone(answer);
          if (sha256(answer.bytes) !== hash) throw damaged(hash);
          return answer.bytes;
        },
      };
    },
    close: () => agent.destroy(),
  };
}

interface Named {
  hash: string;
  bytes: Uint8Array;
}

/** What is put in one go of the event loop goes together, as far as a batch holds it. */
function createBatches(send: (contents: readonly Named[]) => Promise<void>) {
  let open: { contents: Map<string, Named>; bytes: number; sent: Promise<void> } | null = null;
  return (content: Named): Promise<void> => {
    const isFull =
      open &&
      (open.contents.size === MAX_BATCH_COUNT || open.bytes + content.bytes.byteLength + 4 > MAX_BATCH_BYTES);
    if (!open || isFull) {
      const contents = new Map<string, Named>();
      const begun = { contents, bytes: 0, sent: Promise.resolve() };
      begun.sent = new Promise((resolve) => setImmediate(resolve)).then(() => {
        if (open === begun) open = null;
        return send([...contents.values()]);
      });
      open = begun;
    }
    if (!open.contents.has(content.hash)) {
      open.contents.set(content.hash, content);
      open.bytes += content.bytes.byteLength + 4;
    }
    return open.sent;
  };
}

const TLS_MISSING = new GatehouseError(
  'artifact-endpoint-tls-missing',
  'artifacts are reached by `https`, which needs `GATEHOUSE_ARTIFACT_TLS_CERT`, `_KEY` and `_CA`',
);

function requirePass(pass: string | undefined): string {
  if (pass !== undefined) return pass;
  throw new GatehouseError(
    'artifact-pass-missing',
    'the run has no pass to its artifacts yet; it asks for one',
  );
}

function requireDone({ status, bytes }: RawAnswer): void {
  if (status === 200) return;
  let answer: { error?: { code?: unknown; message?: unknown } };
  try {
    answer = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw unavailable(`gave an answer that cannot be read (HTTP ${status})`, cause);
  }
  const { code, message } = answer.error ?? {};
  if (status < 500 && typeof code === 'string' && typeof message === 'string')
    throw new GatehouseError(code, message);
  if (code === 'artifact-damaged') throw new GatehouseError(code, String(message));
  throw unavailable(`gave an unexpected answer (HTTP ${status})`);
}

function unavailable(what: string, cause?: unknown): GatehouseError {
  return new GatehouseError('artifact-store-unavailable', `the artifact endpoint ${what}`, { cause });
}
