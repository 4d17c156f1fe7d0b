import type { CanonicalCall } from '../domain/call';
import type { Finding } from '../domain/decision';
import type { PolicySnapshot } from '../domain/policy';
import type { RunFacts } from '../domain/steps';
import type { Judgement, Tool } from '../tools/tool';

/** A call that was read: the layers judge this. */
export interface ReadCall {
  call: CanonicalCall;
  args: unknown;
  tool: Tool;
  judgement: Judgement;
}

/** What layers may look at beside the call. */
export interface PolicyContext {
  runId: string;
  snapshot: PolicySnapshot;
  /** Absent outside a run (`policy eval`), where rules about the run so far do not apply. */
  facts?: RunFacts;
  /** Milliseconds since the epoch. */
  now: number;
}

/** One layer of the gate: pure, and able only to make a verdict stricter. */
export type PolicyLayer = (call: ReadCall, context: PolicyContext) => Finding[];
