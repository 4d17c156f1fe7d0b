import type { Effect, Mark } from './effect';

/** Strictest first. */
export const verdicts = ['deny', 'ask', 'defer', 'allow'] as const;
export type Verdict = (typeof verdicts)[number];

export const layers = [
  'input',
  'tier',
  'tools',
  'approvals',
  'commands',
  'organization',
  'grounding',
  'rates',
] as const;
export type Layer = (typeof layers)[number];

/** One layer's view of a call. */
export interface Finding {
  verdict: Verdict;
  layer: Layer;
  /** Names the rule within its layer; layer and rule together are the finding's id. */
  rule: string;
  /** Public text. */
  message: string;
  /** For `ask`: the role an approver needs. */
  role?: string;
  /** For `ask`: how many distinct approvers. @default 1 */
  quorum?: number;
  /** For `ask`: whether the requester is excluded. @default false */
  fourEyes?: boolean;
  /** For `defer`: when to try again, in milliseconds since the epoch. */
  until?: number;
  /** In observe mode: what the verdict would have been; the finding itself is `allow`. */
  observed?: Exclude<Verdict, 'allow'>;
}

/** A layer that failed; the decision is then `deny`. */
export interface DecisionError {
  code: string;
  message: string;
}

/** The joined view of all layers. Always says why. */
export interface Decision {
  verdict: Verdict;
  findings: Finding[];
  errors: DecisionError[];
  /** Null when the call could not be read far enough to know. */
  effect: Effect | null;
  marks: Mark[];
  /** Id of the snapshot it was judged under. */
  policySnapshot: string;
}

/** In observe mode a finding says what it would have been, and lets the call pass. */
export function observed(finding: Finding, isObserving: boolean): Finding {
  if (!isObserving || finding.verdict === 'allow') return finding;
  return { ...finding, verdict: 'allow', observed: finding.verdict };
}

/** `tier/production`: what an approval is bound to and organization rules see in `context.approvals`. */
export function findingId(finding: Pick<Finding, 'layer' | 'rule'>): string {
  return `${finding.layer}/${finding.rule}`;
}

/** deny > ask > defer > allow. */
export function strictest(one: Verdict, other: Verdict): Verdict {
  return verdicts.indexOf(one) <= verdicts.indexOf(other) ? one : other;
}

/** Why an approval that waited for a call is void now that the call was decided again; for approvers. */
export function voidReason(decision: Decision): string {
  const [why] = reasons(decision);
  switch (decision.verdict) {
    case 'deny':
      return `policy refuses it now: ${why?.message ?? decision.errors[0]?.message ?? 'it could not be judged'}`;
    case 'ask':
      return 'it was decided again, and asks for something else';
    case 'defer':
    case 'allow':
      return 'it was decided again, and needs no approval now';
  }
}

/** The findings that made the verdict what it is; what was only observed comes first. */
export function reasons(decision: Decision): Finding[] {
  const made = decision.findings.filter((finding) => finding.verdict === decision.verdict);
  return [...made.filter(({ observed }) => observed), ...made.filter(({ observed }) => !observed)];
}

/** What a finding says, and that it was only observed. */
export function messageOf({ message, observed }: Finding): string {
  return observed ? `would be \`${observed}\`: ${message}` : message;
}
