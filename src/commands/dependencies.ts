import type { WordSigner } from '../identity/word-signer';
import type { AddressGuard } from '../notifications/address-guard';
import type { AgentStore } from '../store/agent-store';
import type { ApiKeyStore } from '../store/api-key-store';
import type { ApprovalStore } from '../store/approval-store';
import type { AuditReader } from '../store/audit-reader';
import type { AuditSearch } from '../store/audit-search';
import type { BreakGlassStore } from '../store/break-glass-store';
import type { CredentialList } from '../store/credential-list';
import type { DecisionStore } from '../store/decision-store';
import type { EventStore } from '../store/event-store';
import type { HaltStore } from '../store/halt-store';
import type { HistoryReads } from '../store/history-reads';
import type { OpenGrants } from '../store/open-grants';
import type { OrganizationStore } from '../store/organization-store';
import type { PersonStore } from '../store/person-store';
import type { PolicyStore } from '../store/policy-store';
import type { QuestionStore } from '../store/question-store';
import type { RecordedRuns } from '../store/recorded-runs';
import type { RunStore } from '../store/run-store';
import type { StandingStore } from '../store/standing-store';
import type { WebhookStore } from '../store/webhook-store';
import type { WorkflowClient } from './workflow-client';

/** What commands work on; each takes what it needs. */
export interface CommandDependencies {
  /** Whose agents and runs these are. */
  organizationId: string;
  agents: AgentStore;
  policies: PolicyStore;
  runs: RunStore;
  events: EventStore;
  decisions: DecisionStore;
  recordedRuns: RecordedRuns;
  approvals: ApprovalStore;
  questions: QuestionStore;
  auditReader: AuditReader;
  openGrants: OpenGrants;
  historyReads: HistoryReads;
  webhooks: WebhookStore;
  /** Where webhooks may lead, as the control worker sees it too. */
  webhookGuard: AddressGuard;
  apiKeys: ApiKeyStore;
  auditSearch: AuditSearch;
  halts: HaltStore;
  breakGlasses: BreakGlassStore;
  standing: StandingStore;
  credentials: CredentialList;
  organizations: OrganizationStore;
  persons: PersonStore;
  temporal: WorkflowClient;
  /** Signs what people say; null where nobody has a key, which only an organization without signatures accepts. */
  signer: WordSigner | null;
}
