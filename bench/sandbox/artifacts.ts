import { randomBytes } from 'node:crypto';
import { compileSnapshot } from '../../src/policy/snapshot';
import { openDatabase } from '../../src/store/database';
import { migrate } from '../../src/store/migrate';
import { createOrganizationStore } from '../../src/store/organization-store';
import { createRunStore } from '../../src/store/run-store';
import { createSnapshotStore } from '../../src/store/snapshot-store';
import { agent } from '../../test/store/fixture';
import { openArtifactServer } from '../../test/support/artifact-server';
import { percentile } from '../measure';
import type { Figure } from './figure';
import { onOwnPostgres } from './own-postgres';

/** What is promised for the way through the endpoint, over the bare store, in milliseconds. */
const AT_MOST_MS = 10;
const ROUNDS = 200;
const BYTES = 4_096;

/** What a host's artifact costs through the endpoint: proof, socket, pass, access in a real database, over the store alone. */
export async function artifactCost(): Promise<Figure[]> {
  const { put, get, barePut, bareGet } = await onOwnPostgres(measure);
  const figure = (what: string, ms: number[], bare: number[]): Figure => {
    const [through, alone] = [percentile(ms, 0.5), percentile(bare, 0.5)];
    return {
      what: `artifact of ${BYTES} bytes ${what} through the endpoint`,
      measured: `p50 ${through.toFixed(2)} ms, beside ${alone.toFixed(2)} ms with the bare store`,
      promised: `at most ${AT_MOST_MS} ms more at p50`,
      isKept: through - alone <= AT_MOST_MS,
    };
  };
  return [figure('put', put, barePut), figure('read', get, bareGet)];
}

async function measure(databaseUrl: string) {
  await migrate(databaseUrl);
  const database = openDatabase(databaseUrl);
  await createOrganizationStore(database).ensureLocal();
  const snapshot = compileSnapshot({ organizationId: 'local', agent, policies: [] });
  await createSnapshotStore(database).save(snapshot);
  const runId = 'bench';
  await createRunStore(database).create({
    ...{ runId, organizationId: 'local', agent: agent.name, prompt: 'measure', requestedBy: 'bench' },
    snapshotId: snapshot.id,
  });
  const server = await openArtifactServer({ database }, 64 * 1024 * 1024);
  const artifacts = await server.of(runId);
  const measured = {
    put: [] as number[],
    get: [] as number[],
    barePut: [] as number[],
    bareGet: [] as number[],
  };
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const [content, bare] = [randomBytes(BYTES), randomBytes(BYTES)];
      const [putMs, hash] = await timed(() => artifacts.put(content));
      const [getMs] = await timed(() => artifacts.get(hash));
      const [barePutMs, bareHash] = await timed(() => server.store.put(bare));
      const [bareGetMs] = await timed(() => server.store.get(bareHash));
      if (round < ROUNDS / 10) continue;
      measured.put.push(putMs);
      measured.get.push(getMs);
      measured.barePut.push(barePutMs);
      measured.bareGet.push(bareGetMs);
    }
  } finally {
    await server.close();
    await database.close();
  }
  return measured;
}

async function timed<Result>(work: () => Promise<Result>): Promise<[ms: number, result: Result]> {
  const before = performance.now();
  const result = await work();
  return [performance.now() - before, result];
}
