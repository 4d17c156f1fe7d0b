import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileSnapshot } from '../../src/policy/snapshot';
import { createBrokerClient } from '../../src/sandbox/broker-client';
import { openDatabase } from '../../src/store/database';
import { migrate } from '../../src/store/migrate';
import { createOrganizationStore } from '../../src/store/organization-store';
import { createRunStore } from '../../src/store/run-store';
import { createSnapshotStore } from '../../src/store/snapshot-store';
import { startBrokerEndpoint } from '../../src/workers/broker-endpoint';
import { openDesk } from '../../test/broker/support/desk';
import { agent } from '../../test/store/fixture';
import { percentile } from '../measure';
import type { Figure } from './figure';
import { onOwnPostgres } from './own-postgres';

interface BrokerFigures {
  requests: number;
  /** From the host's request to its answer, by socket, in milliseconds; the provider answers at once. */
  issueMs: { p50: number; p95: number };
  /** What a restarted host asks once for each run, with ten credentials held. */
  redeemMs: { p50: number; p95: number };
}

/** What is promised for a request besides the provider, in milliseconds. */
const AT_MOST_MS = 10;

/** A request to the credential broker, on a PostgreSQL of its own. */
export async function brokerCost(): Promise<Figure[]> {
  const { requests, issueMs, redeemMs } = await onOwnPostgres((databaseUrl) => measureBroker(databaseUrl));
  const figure = (what: string, { p50, p95 }: { p50: number; p95: number }): Figure => ({
    what,
    measured: `p50 ${p50.toFixed(2)} ms, p95 ${p95.toFixed(2)} ms`,
    promised: `at most ${AT_MOST_MS} ms at p50`,
    isKept: p50 <= AT_MOST_MS,
  });
  return [
    figure(`credential issued, besides the provider, of ${requests}`, issueMs),
    figure('credentials of a run handed out again', redeemMs),
  ];
}

/** Credentials that one run asks for; its budget has no more. */
const PER_RUN = 10;
const WARM_UP_RUNS = 2;

/**
 * What a request to the credential broker costs besides the provider: proof, socket, grant, decision, budget,
 * records and audit in a real database.
 *
 * @param databaseUrl of a database of one's own; what is missing of our tables is made
 */
async function measureBroker(databaseUrl: string, { runs = 12 } = {}): Promise<BrokerFigures> {
  await migrate(databaseUrl);
  const database = openDatabase(databaseUrl);
  await createOrganizationStore(database).ensureLocal();
  const snapshot = compileSnapshot({ organizationId: 'local', agent, policies: [] });
  await createSnapshotStore(database).save(snapshot);
  const desk = openDesk({ database, snapshot: snapshot.id });
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-broker-'));
  const address = { kind: 'socket', path: join(folder, 'broker.sock') } as const;
  const endpoint = await startBrokerEndpoint({ address, broker: desk.broker, log: () => {} });
  const client = createBrokerClient({ address, key: desk.host });
  const { signal } = new AbortController();
  const issueMs: number[] = [];
  const redeemMs: number[] = [];
  try {
    for (let run = 0; run < runs + WARM_UP_RUNS; run++) {
      const runId = `bench-${Date.now()}-${run}`;
      await createRunStore(database).create({
        ...{ runId, organizationId: 'local', agent: agent.name, prompt: 'measure', requestedBy: 'bench' },
        snapshotId: snapshot.id,
      });
      const asked: Awaited<ReturnType<typeof desk.ask>>[] = [];
      for (let index = 0; index <= PER_RUN; index++) asked.push(await desk.ask(runId));
      const isMeasured = run >= WARM_UP_RUNS;
      for (const { grant, call } of asked.slice(0, PER_RUN)) {
        const ms = await timed(() => client.issue({ grant, call }, signal));
        if (isMeasured) issueMs.push(ms);
      }
      const ms = await timed(() => client.redeem({ grant: asked[PER_RUN]!.grant }, signal));
      if (isMeasured) redeemMs.push(ms);
    }
  } finally {
    await endpoint.close();
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return { requests: issueMs.length, issueMs: percentiles(issueMs), redeemMs: percentiles(redeemMs) };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const before = performance.now();
  await work();
  return performance.now() - before;
}

function percentiles(values: number[]): { p50: number; p95: number } {
  return { p50: percentile(values, 0.5), p95: percentile(values, 0.95) };
}
