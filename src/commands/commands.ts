import type { SigningKey } from '../broker/keys';
import { personSigner, type WordSigner } from '../identity/word-signer';
import { createAddressGuard } from '../notifications/address-guard';
import { createAgentStore } from '../store/agent-store';
import { createApiKeyStore } from '../store/api-key-store';
import { createApprovalStore } from '../store/approval-store';
import { createAuditReader } from '../store/audit-reader';
import { createAuditSearch } from '../store/audit-search';
import { createBreakGlassStore } from '../store/break-glass-store';
import { createCredentialList } from '../store/credential-list';
import { type Database, openDatabase } from '../store/database';
import { createDecisionStore } from '../store/decision-store';
import { createEventStore } from '../store/event-store';
import { createHaltStore } from '../store/halt-store';
import { createHistoryReads } from '../store/history-reads';
import { createOpenGrants } from '../store/open-grants';
import { createOrganizationStore } from '../store/organization-store';
import { createPersonStore, type PersonStore } from '../store/person-store';
import { createPolicyStore } from '../store/policy-store';
import { createQuestionStore } from '../store/question-store';
import { createRecordedRuns } from '../store/recorded-runs';
import { createRunStore } from '../store/run-store';
import { createStandingStore } from '../store/standing-store';
import { createWebhookStore } from '../store/webhook-store';
import { createAnswer } from './answer';
import { createApplyAgent } from './apply-agent';
import {
  createConfirmBreakGlass,
  createEndBreakGlass,
  createListBreakGlass,
  createRequestBreakGlass,
} from './break-glass';
import { createCandidatePolicies } from './candidate-policies';
import { createCheckStart } from './check-start';
import { createCoverPolicy } from './cover-policy';
import { createDecide } from './decide';
import { createDecideMany } from './decide-many';
import type { CommandDependencies } from './dependencies';
import { createDescribeRuns } from './describe-runs';
import { createDiffPolicy, createDiffPolicyFile } from './diff-policy';
import { createExportAudit } from './export-audit';
import { createFollowRun } from './follow-run';
import { createHaltAgent, createHaltOrganization, createListHalts } from './halt';
import { createListAgents } from './list-agents';
import { createListOpenGrants } from './list-open-grants';
import { createListPending } from './list-pending';
import { createListPolicies, createShowPolicyHistory } from './list-policies';
import { createListRuns } from './list-runs';
import { createListStanding, createListStandingInForce } from './list-standing';
import { createManageApiKeys } from './manage-api-keys';
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
import { createReadHistory } from './read-history';
import { createResumeRun } from './resume-run';
import { createReviewApproval, createShowOutputs } from './review-approval';
import { createRevokeApproval } from './revoke-approval';
import { createRollbackPolicy } from './rollback-policy';
import { createSearchAudit } from './search-audit';
import { createSetPolicyMode } from './set-policy-mode';
import { createShowAgent } from './show-agent';
import { createShowApproval } from './show-approval';
import { createShowPerson } from './show-person';
import { createShowRun } from './show-run';
import { createShowTranscript } from './show-transcript';
import { createSimulatePolicies } from './simulate-policies';
import { createStartRun } from './start-run';
import { createStopRun } from './stop-run';
import { createTopUp } from './top-up';
import { createWatchRun } from './watch-run';
import {
  createAddWebhook,
  createListDeliveries,
  createListWebhooks,
  createRemoveWebhook,
  createTestWebhook,
} from './webhooks';
import { openWorkflowClient } from './workflow-client';

/** Everything one can do with an organization's agents and runs; the CLI, the API and the console share it. */
export type Commands = ReturnType<typeof createCommands>;

export const createCommands = (dependencies: CommandDependencies) => ({
  listAgents: createListAgents(dependencies),
  showAgent: createShowAgent(dependencies),
  applyAgent: createApplyAgent(dependencies),
  listPolicies: createListPolicies(dependencies),
  showPolicyHistory: createShowPolicyHistory(dependencies),
  coverPolicy: createCoverPolicy(dependencies),
  diffPolicy: createDiffPolicy(dependencies),
  diffPolicyFile: createDiffPolicyFile(dependencies),
  simulatePolicies: createSimulatePolicies(dependencies),
  publishPolicies: createPublishPolicies(dependencies),
  rollbackPolicy: createRollbackPolicy(dependencies),
  setPolicyMode: createSetPolicyMode(dependencies),
  candidates: createCandidatePolicies(dependencies),
  checkStart: createCheckStart(dependencies),
  startRun: createStartRun(dependencies),
  listRuns: createListRuns(dependencies),
  showRun: createShowRun(dependencies),
  describeRuns: createDescribeRuns(dependencies),
  reviewApproval: createReviewApproval(dependencies),
  showOutputs: createShowOutputs(dependencies),
  watchRun: createWatchRun(dependencies),
  listPending: createListPending(dependencies),
  showApproval: createShowApproval(dependencies),
  decide: createDecide(dependencies),
  decideMany: createDecideMany(dependencies),
  answer: createAnswer(dependencies),
  topUp: createTopUp(dependencies),
  revokeApproval: createRevokeApproval(dependencies),
  listStanding: createListStanding(dependencies),
  listStandingInForce: createListStandingInForce(dependencies),
  listPeople: createListPeople(dependencies),
  showPerson: createShowPerson(dependencies),
  applyPerson: createApplyPerson(dependencies),
  disablePerson: createDisablePerson(dependencies),
  addKey: createAddKey(dependencies),
  revokeKey: createRevokeKey(dependencies),
  showPeopleSettings: createShowPeopleSettings(dependencies),
  setPeopleSettings: createSetPeopleSettings(dependencies),
  pauseRun: createPauseRun(dependencies),
  resumeRun: createResumeRun(dependencies),
  stopRun: createStopRun(dependencies),
  addWebhook: createAddWebhook(dependencies),
  listWebhooks: createListWebhooks(dependencies),
  removeWebhook: createRemoveWebhook(dependencies),
  testWebhook: createTestWebhook(dependencies),
  listDeliveries: createListDeliveries(dependencies),
  followRun: createFollowRun(dependencies),
  showTranscript: createShowTranscript(dependencies),
  readHistory: createReadHistory(dependencies),
  searchAudit: createSearchAudit(dependencies),
  listOpenGrants: createListOpenGrants(dependencies),
  exportAudit: createExportAudit(dependencies),
  apiKeys: createManageApiKeys(dependencies),
  haltAgent: createHaltAgent(dependencies),
  haltOrganization: createHaltOrganization(dependencies),
  listHalts: createListHalts(dependencies),
  requestBreakGlass: createRequestBreakGlass(dependencies),
  confirmBreakGlass: createConfirmBreakGlass(dependencies),
  endBreakGlass: createEndBreakGlass(dependencies),
  listBreakGlass: createListBreakGlass(dependencies),
});

/**
 * The stores that commands work on, all of one database.
 *
 * @param privateWebhooks as {@link createAddressGuard}; to be those of the control worker
 */
export function openStores(
  database: Database,
  privateWebhooks: readonly string[] = [],
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
    halts: createHaltStore(database),
    breakGlasses: createBreakGlassStore(database),
    webhooks: createWebhookStore(database),
    webhookGuard: createAddressGuard(privateWebhooks),
    standing: createStandingStore(database),
    credentials: createCredentialList(database),
    organizations: createOrganizationStore(database),
    persons: createPersonStore(database),
    apiKeys: createApiKeyStore(database),
    auditReader: createAuditReader(database),
    auditSearch: createAuditSearch(database),
    openGrants: createOpenGrants(database),
    historyReads: createHistoryReads(database),
  };
}

/** Where a stack is reached. */
export interface StackAddress {
  /** `host:port` */
  temporal: string;
  namespace: string;
  databaseUrl: string;
  organization: string;
  /** The key file, where histories are encrypted. */
  payloadKeys?: string;
  /** Webhooks that may be private: `host` or `host:port`, several separated by commas. */
  privateWebhooks?: string;
  /** Signs what is said; without one only organizations without signatures listen. @default none */
  signer?: WordSigner;
  /** The key of a person who has registered it: signs in their name. One that nobody registered signs nothing. */
  personKey?: SigningKey;
}

/**
 * Opens the commands over a running stack.
 *
 * @returns also in whose name is signed; null where nothing is
 *
 * @throws GatehouseError `temporal-unreachable`, `database-unreachable`, `database-url-malformed`
 */
export async function openCommands(
  stack: StackAddress,
): Promise<{ commands: Commands; speaker: string | null; close(): Promise<void> }> {
  const database = openDatabase(stack.databaseUrl, { poolSize: 4 });
  try {
    await database.ready();
    const temporal = await openWorkflowClient({
      address: stack.temporal,
      namespace: stack.namespace,
      payloadKeys: stack.payloadKeys,
    });
    const persons = createPersonStore(database);
    const signer = stack.signer ?? (await registeredSigner(stack, persons));
    const commands = createCommands({
      ...openStores(database, stack.privateWebhooks?.split(',').filter(Boolean)),
      organizationId: stack.organization,
      temporal,
      signer,
    });
    return {
      commands,
      speaker: signer?.person ?? null,
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

/** Who registered a key speaks with it. */
async function registeredSigner(
  { organization, personKey }: StackAddress,
  persons: Pick<PersonStore, 'findByKey'>,
): Promise<WordSigner | null> {
  if (!personKey) return null;
  const found = await persons.findByKey(organization, personKey.thumbprint);
  return found && personSigner(found.person, personKey);
}
