import { createAgentStore } from '../store/agent-store';
import { createApiKeyStore } from '../store/api-key-store';
import { createApprovalStore } from '../store/approval-store';
import { createAuditSearch } from '../store/audit-search';
import { type Database, openDatabase } from '../store/database';
import { createDecisionStore } from '../store/decision-store';
import { createEventStore } from '../store/event-store';
import { createPersonStore } from '../store/person-store';
import { createPolicyStore } from '../store/policy-store';
import { createQuestionStore } from '../store/question-store';
import { createRecordedRuns } from '../store/recorded-runs';
import { createRunStore } from '../store/run-store';
import { createAnswer } from './answer';
import { createApplyAgent } from './apply-agent';
import { createCandidatePolicies } from './candidate-policies';
import { createDecide } from './decide';
import type { CommandDependencies } from './dependencies';
import { createDescribeRuns } from './describe-runs';
import { createDiffPolicy, createDiffPolicyFile } from './diff-policy';
import { createFollowRun } from './follow-run';
import { createListAgents } from './list-agents';
import { createListPending } from './list-pending';
import { createListPolicies, createShowPolicyHistory } from './list-policies';
import { createListRuns } from './list-runs';
import { createManageApiKeys } from './manage-api-keys';
import { createManagePeople } from './manage-people';
import { createPauseRun } from './pause-run';
import { createPublishPolicies } from './publish-policies';
import { createResumeRun } from './resume-run';
import { createReviewApproval, createShowLastOutput } from './review-approval';
import { createRollbackPolicy } from './rollback-policy';
import { createSearchAudit } from './search-audit';
import { createSetPolicyMode } from './set-policy-mode';
import { createShowAgent } from './show-agent';
import { createShowApproval } from './show-approval';
import { createShowRun } from './show-run';
import { createShowTranscript } from './show-transcript';
import { createSimulatePolicies } from './simulate-policies';
import { createStartRun } from './start-run';
import { createStopRun } from './stop-run';
import { createWatchRun } from './watch-run';
import { openWorkflowClient } from './workflow-client';

/** Everything one can do with an organization's agents and runs; the CLI, the API and the console share it. */
export type Commands = ReturnType<typeof createCommands>;

export const createCommands = (dependencies: CommandDependencies) => ({
  listAgents: createListAgents(dependencies),
  showAgent: createShowAgent(dependencies),
  applyAgent: createApplyAgent(dependencies),
  listPolicies: createListPolicies(dependencies),
  showPolicyHistory: createShowPolicyHistory(dependencies),
  diffPolicy: createDiffPolicy(dependencies),
  diffPolicyFile: createDiffPolicyFile(dependencies),
  simulatePolicies: createSimulatePolicies(dependencies),
  publishPolicies: createPublishPolicies(dependencies),
  rollbackPolicy: createRollbackPolicy(dependencies),
  setPolicyMode: createSetPolicyMode(dependencies),
  candidates: createCandidatePolicies(dependencies),
  startRun: createStartRun(dependencies),
  listRuns: createListRuns(dependencies),
  showRun: createShowRun(dependencies),
  describeRuns: createDescribeRuns(dependencies),
  reviewApproval: createReviewApproval(dependencies),
  showLastOutput: createShowLastOutput(dependencies),
  watchRun: createWatchRun(dependencies),
  listPending: createListPending(dependencies),
  showApproval: createShowApproval(dependencies),
  decide: createDecide(dependencies),
  answer: createAnswer(dependencies),
  pauseRun: createPauseRun(dependencies),
  resumeRun: createResumeRun(dependencies),
  stopRun: createStopRun(dependencies),
  followRun: createFollowRun(dependencies),
  showTranscript: createShowTranscript(dependencies),
  searchAudit: createSearchAudit(dependencies),
  people: createManagePeople(dependencies),
  apiKeys: createManageApiKeys(dependencies),
});

/** The stores that commands work on, all of one database. */
export function openStores(
  database: Database,
): Omit<CommandDependencies, 'organizationId' | 'temporal' | 'signer'> {
  return {
    agents: createAgentStore(database),
    policies: createPolicyStore(database),
    runs: createRunStore(database),
    events: createEventStore(database),
    decisions: createDecisionStore(database),
    recordedRuns: createRecordedRuns(database),
    approvals: createApprovalStore(database),
    questions: createQuestionStore(database),
    people: createPersonStore(database),
    apiKeys: createApiKeyStore(database),
    auditSearch: createAuditSearch(database),
  };
}

/** Where a stack is reached. */
export interface StackAddress {
  /** `host:port` */
  temporal: string;
  namespace: string;
  databaseUrl: string;
  organization: string;
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
      ...openStores(database),
      organizationId: stack.organization,
      temporal,
      signer: null,
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
