import { mkdtempSync, rmSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createArtifactPasses } from '../../activities/artifact-pass';
import type { ServedArtifactStore } from '../../src/artifacts/artifact-store';
import { createLocalArtifactStore } from '../../src/artifacts/local-artifact-store';
import { createPassMinter, createPassVerifier } from '../../src/broker/artifact-pass';
import { makeKey, type SigningKey } from '../../src/broker/keys';
import type { PassBearer } from '../../src/domain/artifact-pass';
import { sha256 } from '../../src/domain/hashing';
import { createArtifactClient } from '../../src/sandbox/artifact-client';
import { type ArtifactPath, PASS_HEADER, pathOf } from '../../src/sandbox/artifact-paths';
import { PROOF_HEADER, proofOf } from '../../src/sandbox/channel-proof';
import type { Endpoint } from '../../src/sandbox/endpoint';
import { type ArtifactAccess, createArtifactAccess } from '../../src/store/artifact-access';
import { type ArtifactEndpointOptions, startArtifactEndpoint } from '../../src/workers/artifact-endpoint';
import type { StoreFixture } from '../store/fixture';

export type ArtifactServer = Awaited<ReturnType<typeof openArtifactServer>>;

/** A request as somebody may send it who keeps to nothing. */
export interface RawRequest {
  method?: string;
  /** The path as it is sent; of the artifact with this hash unless given. */
  url?: string;
  hash?: string;
  pass?: string;
  proof?: string;
  /** Makes the proof where none is given. */
  key?: SigningKey;
  body?: Uint8Array;
  headers?: Record<string, string>;
}

/** The artifact endpoint over a real store and database, with keys of a runner and two hosts. */
export async function openArtifactServer(stores: Pick<StoreFixture, 'database'>, quotaBytes = 1024 * 1024) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-artifacts-'));
  const keys = { grant: makeKey(), runner: makeKey(), host: makeKey(), otherHost: makeKey() };
  const socket = join(folder, 'artifacts.sock');
  const store: ServedArtifactStore = createLocalArtifactStore({ folder: join(folder, 'store') });
  const access: ArtifactAccess = createArtifactAccess(stores.database, { quotaBytes });
  const presenters = {
    runner: keys.runner.thumbprint,
    sandboxes: new Set([keys.host.thumbprint, keys.otherHost.thumbprint]),
  };
  const address = { kind: 'socket', path: socket } as const;
  const logged: string[] = [];
  let clock = () => Date.now();
  let endpoint: Endpoint | null = null;
  const clients: { close(): void }[] = [];

  async function start(more: Partial<ArtifactEndpointOptions> = {}): Promise<Endpoint> {
    endpoint = await startArtifactEndpoint({
      ...{ address, store, access, presenters },
      passes: createPassVerifier({
        find: (id) =>
          id === keys.grant.thumbprint ? { publicKey: keys.grant.publicKey, retiredAt: null } : undefined,
      }),
      now: () => clock(),
      log: (message) => logged.push(message),
      ...more,
    });
    return endpoint;
  }

  async function passOf(runId: string, bearer: PassBearer, organizationId = 'local'): Promise<string> {
    const minter = createPassMinter(keys.grant);
    const { artifactPass } = createArtifactPasses({ minter, presenters, now: () => clock() });
    return (await artifactPass({ runId, organizationId, bearer })).token;
  }

  const hostPass = (runId: string, key = keys.host) =>
    passOf(runId, { role: 'sandbox', keyThumbprint: key.thumbprint });

  await start();
  return {
    folder,
    keys,
    store,
    access,
    address,
    logged,
    start,
    stop: async () => endpoint?.close(),
    passOf,
    hostPass,
    /** Another time than now, for passes made and requests answered from here on. */
    setClock: (now: () => number) => {
      clock = now;
    },

    /** The run's artifacts as its sandbox host reaches them, or as whoever holds the key and shows the pass. */
    async of(runId: string, { key = keys.host, pass, patienceMs }: Shown = {}) {
      const client = createArtifactClient({ address, key, patienceMs });
      clients.push(client);
      return client.open({ runId, pass: pass ?? (await hostPass(runId, key)) });
    },

    send({ method = 'GET', hash = sha256(''), key, body, ...asked }: RawRequest): Promise<RawResponse> {
      const url = asked.url ?? pathOf({ kind: 'artifact', hash } satisfies ArtifactPath);
      const proof = asked.proof ?? (key && proofOf({ method, path: url, bodyHash: sha256(body ?? '') }, key));
      const headers = {
        ...(asked.pass === undefined ? {} : { [PASS_HEADER]: asked.pass }),
        ...(proof === undefined ? {} : { [PROOF_HEADER]: proof }),
        ...(body ? { 'content-length': String(body.byteLength) } : {}),
        ...asked.headers,
      };
      return new Promise((resolve, reject) => {
        const sent = request({ socketPath: socket, path: url, method, headers }, (response) =>
          resolve(read(response)),
        );
        sent.on('error', reject);
        sent.end(body);
      });
    },

    async close() {
      for (const client of clients) client.close();
      await endpoint?.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Shown {
  key?: SigningKey;
  pass?: string;
  patienceMs?: number;
}

export interface RawResponse {
  status: number;
  text: string;
  /** Of a refusal. */
  code: string | undefined;
}

async function read(response: IncomingMessage): Promise<RawResponse> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  let code: string | undefined;
  try {
    code = JSON.parse(text).error?.code;
  } catch {
    // Content of an artifact.
  }
  return { status: response.statusCode ?? 0, text, code };
}
