import type { WordSigner } from '../identity/word-signer';
import { createAgentStore } from '../store/agent-store';
import { createApprovalStore } from '../store/approval-store';
import { createAuditReader } from '../store/audit-reader';
import { createAuditSearch } from '../store/audit-search';
import { openDatabase } from '../store/database';
import { createDecisionStore } from '../store/decision-store';
import { createEventStore } from '../store/event-store';
import { createOrganizationStore } from '../store/organization-store';
import { createPersonStore } from '../store/person-store';
import { createPolicyStore } from '../store/policy-store';
import { createQuestionStore } from '../store/question-store';
import { createRecordedRuns } from '../store/recorded-runs';
import { createRunStore } from '../store/run-store';
import { createStandingStore } from '../store/standing-store';
import { createAnswer } from './answer';
import { createApplyAgent } from './apply-agent';
import { createDecide } from './decide';
import { createDecideMany } from './decide-many';
import type { CommandDependencies } from './dependencies';
import { createDiffPolicy, createDiffPolicyFile } from './diff-policy';
import { createExportAudit } from './export-audit';
import { createListAgents } from './list-agents';
import { createListPending } from './list-pending';
import { createListPolicies, createShowPolicyHistory } from './list-policies';
import { createListRuns } from './list-runs';
import { createPauseRun } from './pause-run';
import {
  createAddKey,
  createApplyPerson,
  createDisablePerson,
  createListPeople,
  createRevokeKey,
} from './people';
import { createSetPeopleSettings, createShowPeopleSettings } from './people-settings';
import { createPublishPolicies } from './publish-policies';
import { createResumeRun } from './resume-run';
import { createRevokeApproval } from './revoke-approval';
import { createRollbackPolicy } from './rollback-policy';
import { createListOpenGrants, createSearchAudit } from './search-audit';
import { createSetPolicyMode } from './set-policy-mode';
import { createShowRun } from './show-run';
import { createSimulatePolicies } from './simulate-policies';
import { createStartRun } from './start-run';
import { createStopRun } from './stop-run';
import { createTopUp } from './top-up';
import { createWatchRun } from './watch-run';
import { openWorkflowClient } from './workflow-client';

/** Everything one can do with an organization's agents and runs; the CLI, the API and the console share it. */
export type Commands = ReturnType<typeof createCommands>;

export const createCommands = (dependencies: CommandDependencies) => ({
  listAgents: createListAgents(dependencies),
  applyAgent: createApplyAgent(dependencies),
  listPolicies: createListPolicies(dependencies),
  showPolicyHistory: createShowPolicyHistory(dependencies),
  diffPolicy: createDiffPolicy(dependencies),
  diffPolicyFile: createDiffPolicyFile(dependencies),
  simulatePolicies: createSimulatePolicies(dependencies),
  publishPolicies: createPublishPolicies(dependencies),
  rollbackPolicy: createRollbackPolicy(dependencies),
  setPolicyMode: createSetPolicyMode(dependencies),
  startRun: createStartRun(dependencies),
  listRuns: createListRuns(dependencies),
  showRun: createShowRun(dependencies),
  watchRun: createWatchRun(dependencies),
  listPending: createListPending(dependencies),
  decide: createDecide(dependencies),
  decideMany: createDecideMany(dependencies),
  answer: createAnswer(dependencies),
  topUp: createTopUp(dependencies),
  revokeApproval: createRevokeApproval(dependencies),
  listPeople: createListPeople(dependencies),
  applyPerson: createApplyPerson(dependencies),
  disablePerson: createDisablePerson(dependencies),
  addKey: createAddKey(dependencies),
  revokeKey: createRevokeKey(dependencies),
  showPeopleSettings: createShowPeopleSettings(dependencies),
  setPeopleSettings: createSetPeopleSettings(dependencies),
  pauseRun: createPauseRun(dependencies),
  resumeRun: createResumeRun(dependencies),
  stopRun: createStopRun(dependencies),
  searchAudit: createSearchAudit(dependencies),
  listOpenGrants: createListOpenGrants(dependencies),
  exportAudit: createExportAudit(dependencies),
});

/** Where a stack is reached. */
export interface StackAddress {
  /** `host:port` */
  temporal: string;
  namespace: string;
  databaseUrl: string;
  organization: string;
  /** Signs what is said; without one only organizations without signatures listen. @default none */
  signer?: WordSigner;
}

/**
 * Opens the commands over a running stack.
 *
 * @throws GatehouseError `temporal-unreachable`, `database-unreachable`, `database-url-malformed`
 */
export async function openCommands(
  stack: StackAddress,
): Promise<{ commands: Commands; close(): Promise<void> }> {
  const database = openDatabase(stack.databaseUrl, { poolSize: 4 });
  try {
    await database.ready();
    const temporal = await openWorkflowClient({ address: stack.temporal, namespace: stack.namespace });
    const commands = createCommands({
      organizationId: stack.organization,
      agents: createAgentStore(database),
      policies: createPolicyStore(database),
      runs: createRunStore(database),
      events: createEventStore(database),
      decisions: createDecisionStore(database),
      recordedRuns: createRecordedRuns(database),
      approvals: createApprovalStore(database),
      questions: createQuestionStore(database),
      auditReader: createAuditReader(database),
      auditSearch: createAuditSearch(database),
      standing: createStandingStore(database),
      organizations: createOrganizationStore(database),
      persons: createPersonStore(database),
      temporal,
      signer: stack.signer ?? null,
    });
    return {
      commands,
      async close() {
        await temporal.close();
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}
