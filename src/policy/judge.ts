import type { ToolCall } from '../domain/call';
import {
  type Decision,
  type DecisionError,
  type Finding,
  findingId,
  strictest,
  type Verdict,
  verdicts,
} from '../domain/decision';
import { branchOf } from '../domain/run';
import { approvalsLayer } from './approvals-layer';
import { groundingLayer } from './grounding-layer';
import type { PolicyContext, PolicyLayer, ReadCall } from './layer';
import { organizationLayer } from './organization-layer';
import { promptRulesLayer } from './prompt-rules-layer';
import { type FindTool, readCall } from './read-call';
import { tierLayer } from './tier-layer';
import { toolsLayer } from './tools-layer';

/**
 * The layers in the order they are reported. Input comes before them, since a call that cannot be read has nothing to
 * judge. What a command line does is part of its tool's judgement, with findings of layer `commands`. Rates are counted
 * by the gate, in the database.
 */
const LAYERS: readonly [name: string, layer: PolicyLayer][] = [
  ['tier', tierLayer],
  ['tools', toolsLayer],
  ['tools', promptRulesLayer],
  ['approvals', approvalsLayer],
  ['organization', organizationLayer],
  ['grounding', groundingLayer],
];

/** A call and what the gate thinks of it; `read` is null when the call could not be read. */
export interface JudgedCall {
  read: ReadCall | null;
  decision: Decision;
}

/**
 * Judges one proposed call under one snapshot. Pure, and never throws: a layer that fails is a deny that says so.
 */
export function judge(proposed: ToolCall, context: PolicyContext, findTool: FindTool): JudgedCall {
  const { runId, snapshot } = context;
  const reading = attempt(() =>
    readCall(proposed, findTool, { runId, branch: branchOf(runId), settings: snapshot.settings }),
  );
  if ('error' in reading) return { read: null, decision: decide([], [reading.error], null, snapshot.id) };
  if (!reading.value.ok)
    return { read: null, decision: decide([reading.value.finding], [], null, snapshot.id) };
  const { read } = reading.value;
  const findings: Finding[] = [];
  const errors: DecisionError[] = [];
  for (const [name, layer] of LAYERS) {
    const result = attempt(() => layer(read, context));
    if ('error' in result) errors.push({ ...result.error, code: `${name}-failed` });
    else findings.push(...result.value);
  }
  return { read, decision: decide(findings, errors, read, snapshot.id) };
}

/** The stricter of two decisions on one call; both sides' findings are kept, each once. */
export function stricterDecision(pinned: Decision, current: Decision): Decision {
  const known = new Set(pinned.findings.map(termsOf));
  return {
    verdict: strictest(pinned.verdict, current.verdict),
    findings: [...pinned.findings, ...current.findings.filter((finding) => !known.has(termsOf(finding)))],
    errors: [...pinned.errors, ...current.errors],
    effect: pinned.effect,
    marks: [...new Set([...pinned.marks, ...current.marks])],
    policySnapshot: pinned.policySnapshot,
  };
}

/** The decision once people approved some of the findings that asked; each is satisfied by its own id only. */
export function withApprovals(decision: Decision, approved: ReadonlySet<string>): Decision {
  const findings = decision.findings.map(
    (finding): Finding =>
      finding.verdict === 'ask' && approved.has(findingId(finding))
        ? { ...finding, verdict: 'allow', message: `${finding.message}: approved` }
        : finding,
  );
  return { ...decision, findings, verdict: verdictOf(findings, decision.errors) };
}

/** What a finding demands: the same rule with another quorum, role or time is another finding. */
function termsOf({ verdict, role, quorum, fourEyes, until, ...finding }: Finding): string {
  return JSON.stringify([verdict, findingId(finding), role, quorum ?? 1, fourEyes ?? false, until]);
}

function decide(
  findings: Finding[],
  errors: DecisionError[],
  read: ReadCall | null,
  policySnapshot: string,
): Decision {
  return {
    verdict: verdictOf(findings, errors),
    findings,
    errors,
    effect: read?.judgement.effect ?? null,
    marks: read?.judgement.marks ?? [],
    policySnapshot,
  };
}

/** INVARIANT: an error denies, and so does a decision that no layer had anything to say about. */
export function verdictOf(findings: readonly Finding[], errors: readonly DecisionError[]): Verdict {
  if (errors.length > 0 || findings.length === 0) return 'deny';
  // A verdict that this release does not know is none to rely on.
  if (!findings.every(({ verdict }) => verdicts.includes(verdict))) return 'deny';
  return findings.map((finding) => finding.verdict).reduce(strictest);
}

function attempt<T>(work: () => T): { value: T } | { error: DecisionError } {
  try {
    return { value: work() };
  } catch {
    return {
      error: { code: 'input-failed', message: 'a layer failed to evaluate this call; it is refused' },
    };
  }
}
