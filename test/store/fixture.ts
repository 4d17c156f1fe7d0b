import type { Agent } from '../../src/domain/agent';
import { BudgetTracker } from '../../src/domain/budget';
import type { GatedCall } from '../../src/domain/steps';
import { AutonomyTier } from '../../src/domain/tier';
import { type Action, actionHash } from '../../src/policy/action';
import type { GateCommit } from '../../src/policy/gate-records';
import { compileSnapshot } from '../../src/policy/snapshot';
import { type Database, openDatabase } from '../../src/store/database';
import { migrate } from '../../src/store/migrate';
import { createOrganizationStore } from '../../src/store/organization-store';
import { createRunStore } from '../../src/store/run-store';
import { createSnapshotStore } from '../../src/store/snapshot-store';
import { createTestDatabase } from '../support/stack';

export const agent: Agent = {
  name: 'demo',
  tier: AutonomyTier.DRAFT,
  model: 'scripted:demo.yaml',
  systemPrompt: 'You look after infrastructure.',
  budget: {},
  grounding: 'ask',
  trustedTools: [],
  protectedBranches: ['main'],
  protectedPaths: [],
  protectedContexts: [],
  network: [],
  onAsk: 'wait',
  onBudget: 'fail',
  validate: null,
  tools: [],
};

export interface StoreFixture {
  url: string;
  database: Database;
  /** Of the local organization. */
  snapshot: string;
  /** Creates a run; gives its address. */
  startRun(runId: string): Promise<{ runId: string; organizationId: string }>;
  close(): Promise<void>;
}

/** A migrated database of one's own, with the local organization. */
export async function openStores(): Promise<StoreFixture> {
  const { url, drop } = await createTestDatabase();
  await migrate(url);
  const database = openDatabase(url);
  await createOrganizationStore(database).ensureLocal();
  const snapshot = compileSnapshot({ organizationId: 'local', agent, policies: [] });
  await createSnapshotStore(database).save(snapshot);
  const runs = createRunStore(database);
  return {
    url,
    database,
    snapshot: snapshot.id,
    async startRun(runId) {
      await runs.create({
        runId,
        organizationId: 'local',
        agent: 'demo',
        prompt: 'fix it',
        requestedBy: 'ada',
        snapshotId: snapshot.id,
      });
      return { runId, organizationId: 'local' };
    },
    async close() {
      await database.close();
      await drop();
    },
  };
}

export const AT = Date.UTC(2030, 0, 2, 3, 4, 5, 678);

/** A gate that allowed one read. */
export function gateCommit(runId: string, snapshot: string, parts: Partial<GateCommit> = {}): GateCommit {
  return {
    runId,
    organizationId: 'local',
    step: 1,
    turn: 1,
    snapshot,
    currentSnapshot: snapshot,
    calls: [
      {
        proposed: { id: 'call-1', tool: 'readFile', args: '{"path": "a.tf"}' },
        gated: allowed('call-1', snapshot),
      },
    ],
    facts: {
      workspace: null,
      executed: 0,
      lastValidateStep: 0,
      lastWriteStep: 0,
      answers: [],
      driftIterations: 0,
    },
    observations: [],
    voided: [],
    approvals: [],
    questions: [],
    events: [{ type: 'status', data: { status: 'RUNNING' } }],
    firstSequence: 0,
    status: 'RUNNING',
    usage: new BudgetTracker(() => AT).snapshot(),
    grantedCallIds: ['call-1'],
    at: AT,
    ...parts,
  };
}

export function allowed(callId: string, snapshot: string): GatedCall {
  return {
    callId,
    call: { id: callId, tool: 'read-file', args: '{"path":"a.tf"}' },
    decision: {
      verdict: 'allow',
      findings: [{ verdict: 'allow', layer: 'tier', rule: 'read', message: 'reading is open' }],
      errors: [],
      effect: 'read',
      marks: [],
      policySnapshot: snapshot,
    },
    isRead: true,
    isTreeJudged: false,
    writes: false,
    needsWorkspace: true,
    use: null,
    approval: null,
    question: null,
  };
}

/** An approval that asks for one finding, or for those given. */
export function heldApproval(
  id: string,
  snapshot: string,
  finding: { quorum?: number; fourEyes?: boolean; role?: string } = {},
): GateCommit['approvals'][number] {
  const args = '{"title":"encrypt"}';
  const action: Action = {
    tool: 'create-pr',
    args,
    effect: 'draft',
    marks: [],
    findings: ['approvals/pr-creation'],
    snapshot,
    content: { tree: 'f00d' },
  };
  return {
    id,
    callId: 'call-1',
    tool: 'create-pr',
    args,
    effect: 'draft',
    marks: [],
    findings: [
      {
        verdict: 'ask',
        layer: 'approvals',
        rule: 'pr-creation',
        message: 'pull requests are approved',
        ...finding,
      },
    ],
    actionHash: actionHash(action),
    expiresAt: AT + 1000,
    action,
  };
}
