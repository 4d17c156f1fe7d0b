import type { CanonicalCall } from '../domain/call';
import type { ContentFacts } from '../domain/content';
import type { Finding } from '../domain/decision';
import type { Judgement } from '../domain/judgement';
import type { PolicySnapshot } from '../domain/policy';
import type { Observation, RunFacts } from '../domain/steps';
import type { Tool } from '../tools/tool';

/** A call that was read: the layers judge this. */
export interface ReadCall {
  call: CanonicalCall;
  args: unknown;
  tool: Tool;
  judgement: Judgement;
}

/** Text that came from people: what grounding compares sensitive arguments with. The digest is the snapshot's. */
export interface TrustedText {
  prompt: string;
  /** Typed by people, or options they picked. */
  answers: readonly string[];
}

/** What layers may look at beside the call. */
export interface PolicyContext {
  runId: string;
  snapshot: PolicySnapshot;
  /** Absent outside a run (`policy eval`), where rules about the run so far do not apply. */
  facts?: RunFacts;
  /** Absent where there is no prompt to compare with: grounding is then not evaluated. */
  trusted?: TrustedText;
  /** What tools answered: quoted in reasons, and trusted only where the snapshot's settings name the tool. */
  observations?: readonly Observation[];
  /** What the call would leave behind; absent when no rule of the snapshot judges content. */
  content?: ContentFacts;
  /** Ids of findings that people approved for this call. */
  approvals?: ReadonlySet<string>;
  /** Milliseconds since the epoch. */
  now: number;
}

/** One layer of the gate: pure, and able only to make a verdict stricter. */
export type PolicyLayer = (call: ReadCall, context: PolicyContext) => Finding[];
