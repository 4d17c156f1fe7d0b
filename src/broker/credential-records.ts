import type { CredentialNeed, CredentialView, Revocation } from '../domain/credential';
import type { Effect } from '../domain/effect';
import type { EffectivePermissions } from '../domain/permissions';

/** A granted request for credentials, whose grant and arguments were checked. */
export interface CredentialRequest extends CredentialNeed {
  runId: string;
  organizationId: string;
  callId: string;
  /** What was granted: asking for credentials, or a tool that declares that it needs them. */
  tool: string;
  /** The canonical arguments. */
  args: string;
  /** Of the granted call. */
  effect: Effect;
}

/** What the database says about a request. */
export interface RequestFacts {
  agent: string;
  permissions: EffectivePermissions;
  hasEnded: boolean;
  isHalted: boolean;
  /** Whether the gate recorded that it granted exactly this call. */
  isGranted: boolean;
  /** Whether credentials were issued for it before. */
  isRedeemed: boolean;
  issued: number;
  /** The budget's limit, with what people added. */
  limit: number;
}

/** A credential that has not ended yet, as recorded. */
export interface LiveCredential extends CredentialView {
  runId: string;
  organizationId: string;
  agent: string;
  callId: string;
  /** Whether programs of that call alone get it. */
  isForCall: boolean;
  /** Thumbprint of the host that it was handed to. */
  presenter: string;
}

export interface NewCredential extends CredentialView {
  isForCall: boolean;
  presenter: string;
}

export interface RunName {
  runId: string;
  organizationId: string;
}

/** Where it is kept who was given which credentials: everything but the secrets, and all of it in the audit. */
export interface CredentialRecords {
  /** What a tool of the run's pinned snapshot declares that its calls need, or null. */
  needOf(run: RunName, tool: string): Promise<CredentialNeed | null>;
  /**
   * Keeps what `decide` answers; of two requests at once the later is decided again.
   *
   * @param decide throws to refuse, and nothing is kept
   */
  reserve(
    request: CredentialRequest,
    decide: (facts: RequestFacts) => NewCredential,
  ): Promise<LiveCredential>;
  /** @returns false when the run has ended meanwhile */
  issued(credential: LiveCredential): Promise<boolean>;
  refused(request: CredentialRequest, code: string): Promise<void>;
  /** Handed out once more, to this host; all of one run. */
  redeemed(credentials: readonly LiveCredential[], by: { callId: string; presenter: string }): Promise<void>;
  /** Of a run that has not ended; of one that has, none. */
  ofOpenRun(run: RunName): Promise<LiveCredential[]>;
  ofRun(run: RunName): Promise<LiveCredential[]>;
  /** Whose time is over, whose run has ended, or whose issue was broken off. */
  due(): Promise<LiveCredential[]>;
  /** Runs that have not ended and hold credentials. */
  holders(): Promise<RunName[]>;
  revoked(credential: LiveCredential, how: Revocation): Promise<void>;
}
