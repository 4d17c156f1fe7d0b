import type { ToolCall } from '../domain/call';
import type { ContentFacts } from '../domain/content';
import { type Decision, type Finding, findingId, reasons, type Verdict } from '../domain/decision';
import type { PolicySnapshot } from '../domain/policy';
import type { Observation, RunFacts } from '../domain/steps';
import { actionOf, covers } from './action';
import { judgesContent } from './cedar/compile-rules';
import { NO_CONTENT } from './content/content-loader';
import { type RecordedApproval, refuseToAsk } from './gate-turn';
import { judge, verdictOf, withApprovals } from './judge';
import type { ReadCall } from './layer';
import type { FindTool } from './read-call';

/** A run as it was recorded, and the policy that it is judged by again. */
export interface RecordedRun {
  runId: string;
  /** What it was asked to do: trusted text. */
  prompt: string;
  /** What would judge the run's agent, with what narrowed the run. */
  candidate: PolicySnapshot;
  /** In the order they were made. */
  decisions: readonly RecordedDecision[];
  /** Of this run, those that wait for people among them. */
  approvals: readonly (RecordedApproval & { isPending: boolean })[];
}

/** One call as a gate judged it, with what it looked at. */
export interface RecordedDecision {
  step: number;
  /** As the model sent it. */
  proposed: ToolCall;
  facts: RunFacts;
  /** Results of tools that the agent trusts. */
  observations?: readonly Observation[];
  /** What the call would have left behind, as far as it is known; without it rules about content cannot be judged. */
  content?: ContentFacts;
  decision: Decision;
  /** Milliseconds since the epoch. */
  at: number;
}

/** A call that the candidate would judge otherwise. */
export interface Flip {
  runId: string;
  step: number;
  callId: string;
  tool: string;
  args: string;
  from: Verdict;
  to: Verdict;
  /** The findings that made either verdict. */
  reasonsBefore: Finding[];
  reasonsAfter: Finding[];
}

/** An approval that waits for people, and that they could no longer give. */
export interface VoidedApproval {
  id: string;
  runId: string;
  callId: string;
  tool: string;
  args: string;
  to: Verdict;
  /** What it would not cover. */
  reasons: Finding[];
}

export interface Simulation {
  /** Calls that were judged again, each as it was decided last. */
  calls: number;
  flips: Flip[];
  voided: VoidedApproval[];
  /** Calls that rules about content would judge, and whose content is not known any more: neither flips nor voided. */
  unknown: { runId: string; step: number; callId: string; tool: string }[];
}

/**
 * Judges a run's recorded calls again, under a candidate. Pure, and nothing is executed. What people approved counts as
 * far as it would cover the call still; rates are left out on both sides, since they are counted and not judged.
 */
export function simulateRun(run: RecordedRun, toolsOf: (snapshot: PolicySnapshot) => FindTool): Simulation {
  // A call that was gated again is one call: what came of it last counts.
  const last = new Map(run.decisions.map((recorded) => [recorded.proposed.id, recorded]));
  const findTool = toolsOf(run.candidate);
  const simulation: Simulation = { calls: last.size, flips: [], voided: [], unknown: [] };
  for (const recorded of last.values()) {
    const { proposed, step } = recorded;
    const tool = findTool(proposed.tool)?.name ?? proposed.tool;
    const lacksContent = recorded.content === undefined && judgesContent(run.candidate, tool);
    const judged = judge(
      recorded.proposed,
      {
        runId: run.runId,
        snapshot: run.candidate,
        facts: recorded.facts,
        trusted: { prompt: run.prompt, answers: recorded.facts.answers },
        observations: recorded.observations,
        content: lacksContent ? NO_CONTENT : recorded.content,
        now: recorded.at,
      },
      findTool,
    );
    // What the content would have brought could only be stricter.
    if (lacksContent && judged.decision.verdict !== 'deny') {
      simulation.unknown.push({ runId: run.runId, step, callId: proposed.id, tool });
      continue;
    }
    const approvals = run.approvals.filter(({ callId }) => callId === recorded.proposed.id);
    const flip = flipOf(run, recorded, decisionAfter(run, recorded, judged, approvals));
    if (flip) simulation.flips.push(flip);
    for (const approval of approvals)
      if (approval.isPending) {
        const voided = voidedOf(run, recorded, judged, approval);
        if (voided) simulation.voided.push(voided);
      }
  }
  return simulation;
}

interface Judged {
  read: ReadCall | null;
  decision: Decision;
}

/** What the gate would answer: with the approvals that were given, and for an agent that does not wait. */
function decisionAfter(
  { candidate }: RecordedRun,
  recorded: RecordedDecision,
  { read, decision }: Judged,
  approvals: RecordedRun['approvals'],
): Decision {
  if (!read) return decision;
  const wanted = actionOf(read, { ...decision, policySnapshot: pinnedOf(recorded) }, recorded.facts);
  const given = approvals.find(({ isGiven, action }) => isGiven && covers(action, wanted));
  return refuseToAsk(given ? withApprovals(decision, new Set(given.action.findings)) : decision, candidate);
}

function flipOf({ runId }: RecordedRun, recorded: RecordedDecision, after: Decision): Flip | null {
  const before = withoutRates(recorded.decision);
  if (before.verdict === after.verdict) return null;
  return {
    runId,
    step: recorded.step,
    callId: recorded.proposed.id,
    tool: recorded.proposed.tool,
    args: recorded.proposed.args,
    from: before.verdict,
    to: after.verdict,
    reasonsBefore: reasons(before),
    reasonsAfter: reasons(after),
  };
}

/** A run keeps what it is pinned to, so a candidate that asks for less voids nothing. */
function voidedOf(
  { runId, candidate }: RecordedRun,
  recorded: RecordedDecision,
  { read, decision }: Judged,
  { id, action }: RecordedApproval,
): VoidedApproval | null {
  const refused = refuseToAsk(decision, candidate);
  const isCovered =
    read !== null &&
    refused.verdict !== 'deny' &&
    covers(action, actionOf(read, { ...decision, policySnapshot: action.snapshot }, recorded.facts));
  if (isCovered) return null;
  const { tool, args, id: callId } = recorded.proposed;
  const uncovered = reasons(refused).filter(
    (finding) => finding.verdict !== 'ask' || !action.findings.includes(findingId(finding)),
  );
  return {
    id,
    runId,
    callId,
    tool,
    args,
    to: refused.verdict,
    reasons: uncovered.length > 0 ? uncovered : reasons(refused),
  };
}

function pinnedOf({ decision }: RecordedDecision): string {
  return decision.policySnapshot;
}

function withoutRates(decision: Decision): Decision {
  const findings = decision.findings.filter(({ layer }) => layer !== 'rates');
  return findings.length === decision.findings.length
    ? decision
    : { ...decision, findings, verdict: verdictOf(findings, decision.errors) };
}
