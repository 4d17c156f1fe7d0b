import type { RunHistory } from '../../src/audit/history-digest';
import { type AuditVerdict, AuditVerifier } from '../../src/audit/verify-export';
import type { Witness } from '../../src/audit/witness';
import { writeExport } from '../../src/audit/write-export';
import { makeKey, publicJwk } from '../../src/broker/keys';
import { createAgentStore } from '../../src/store/agent-store';
import { createAnchorStore } from '../../src/store/anchor-store';
import { createAuditReader } from '../../src/store/audit-reader';
import { createGateStore } from '../../src/store/gate-store';
import { createRunStore } from '../../src/store/run-store';
import { agent, gateCommit, openStores, type StoreFixture } from '../store/fixture';

/** An organization's audit with a key, and runs that were decided on, finished and anchored. */
export async function openAudit() {
  const stores = await openStores();
  const key = makeKey();
  const anchors = createAnchorStore(stores.database, key);
  const reader = createAuditReader(stores.database);
  await createAgentStore(stores.database).apply('local', agent, 'olga');
  return { ...stores, key, anchors, reader };
}

export type AuditFixture = Awaited<ReturnType<typeof openAudit>>;

/** Gates, each with one granted read whose outcome comes with the next one. */
export async function decide(
  stores: StoreFixture,
  runId: string,
  steps: number,
  { isFinished = true } = {},
): Promise<void> {
  const address = await stores.startRun(runId);
  const gates = createGateStore(stores.database);
  for (let step = 1; step <= steps; step++)
    await gates.commit(
      gateCommit(runId, stores.snapshot, {
        step,
        firstSequence: step * 2,
        events: step === 1 ? [] : [outcomeEvent(`call-${step - 1}`)],
        ...callOf(stores, `call-${step}`),
      }),
    );
  if (!isFinished) return;
  await createRunStore(stores.database).finish({
    ...address,
    outcome: { status: 'COMPLETED', text: 'done' },
    usage: gateCommit(runId, stores.snapshot).usage,
    events: [outcomeEvent(`call-${steps}`)],
    firstSequence: steps * 2 + 2,
  });
}

export function callOf({ snapshot }: StoreFixture, callId: string) {
  const { calls } = gateCommit('any', snapshot);
  const { proposed, gated } = calls[0]!;
  return {
    calls: [{ proposed: { ...proposed, id: callId }, gated: { ...gated, callId } }],
    grantedCallIds: [callId],
  };
}

export function outcomeEvent(callId: string) {
  return {
    type: 'call' as const,
    data: { callId, tool: 'read-file', outcome: 'done', text: 'resource', tree: 'f00d' },
  };
}

export interface Exporting {
  runId?: string;
  since?: number;
  historyOf?: (runId: string) => Promise<RunHistory | null>;
}

export async function exported({ reader, key }: AuditFixture, options: Exporting = {}): Promise<string> {
  let text = '';
  await writeExport(
    { reader, organizationId: 'local', keys: [publicJwk(key.publicKey)], at: Date.now(), ...options },
    async (line) => {
      text += line;
    },
  );
  return text;
}

/** As `audit verify FILE` does. */
export function verified(
  bytes: string | Uint8Array,
  { key, witness = null }: { key?: AuditFixture['key']; witness?: Witness | null } = {},
): AuditVerdict {
  const verifier = new AuditVerifier(key ? [key.publicKey] : null, witness);
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const lines = Buffer.from(bytes).toString('latin1').split('\n');
  const rest = lines.pop()!;
  for (const line of lines) verifier.take(decode(line));
  if (rest !== '') verifier.take(decode(rest));
  return verifier.end(rest === '');

  function decode(line: string): string | null {
    try {
      return decoder.decode(Buffer.from(line, 'latin1'));
    } catch {
      return null;
    }
  }
}

/** As somebody with full power over the database would: the triggers are off for one transaction. */
export async function tamper({ database }: StoreFixture, ...statements: string[]): Promise<void> {
  await database.client.$transaction([
    database.client.$executeRawUnsafe(`SET LOCAL session_replication_role = replica`),
    ...statements.map((sql) => database.client.$executeRawUnsafe(sql)),
  ]);
}
