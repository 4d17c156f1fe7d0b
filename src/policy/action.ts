import { canonicalJson } from '../domain/canonical-json';
import { type Decision, type Finding, findingId } from '../domain/decision';
import type { Effect, Mark } from '../domain/effect';
import { sha256 } from '../domain/hashing';
import type { RunFacts } from '../domain/steps';
import type { ReadCall } from './layer';

/** The content that a call acts on, as far as an approval is bound to it. */
export interface BoundContent {
  /** Git tree of the workspace: commands, pull requests and applies. */
  tree?: string;
  /** Commit of the run's branch: pushes. */
  head?: string;
}

/** What a finding demands of those who approve it. */
export interface Demand {
  finding: string;
  role?: string;
  /** Distinct approvers. */
  quorum: number;
  fourEyes: boolean;
}

/** What an approval binds: change any of it and the approval is worth nothing. */
export interface Action {
  tool: string;
  /** RFC 8785 JSON. */
  args: string;
  effect: Effect;
  marks: Mark[];
  /** Ids of the findings that asked. */
  findings: string[];
  /** What those findings demand of approvers, beyond one approver of any role. */
  demands?: Demand[];
  /** Id of the pinned snapshot. */
  snapshot: string;
  content: BoundContent;
}

/** The action that a decision asks people about. */
export function actionOf(read: ReadCall, decision: Decision, facts: RunFacts | undefined): Action {
  const asking = decision.findings.filter((finding) => finding.verdict === 'ask');
  const demands = demandsOf(asking);
  return {
    tool: read.call.tool,
    args: read.call.args,
    effect: read.judgement.effect,
    marks: [...decision.marks].sort(),
    findings: [...new Set(asking.map((finding) => findingId(finding)))].sort(),
    ...(demands.length > 0 ? { demands } : {}),
    snapshot: decision.policySnapshot,
    content: contentOf(read, facts),
  };
}

/** Hex sha-256 that a decision must repeat, so that nobody approves something else than was shown. */
export function actionHash(action: Action): string {
  return sha256(canonicalJson(action));
}

/**
 * Whether an approval of `approved` covers `wanted`: the same call on the same content, and nothing stricter. A newer
 * policy that asks for less leaves the approval valid; one that asks for more does not.
 */
export function covers(approved: Action, wanted: Action): boolean {
  return (
    coversCall(approved, wanted) &&
    approved.content.tree === wanted.content.tree &&
    approved.content.head === wanted.content.head
  );
}

/** What an approval for the rest of a run binds: everything but the content acted on. */
export type StandingAction = Omit<Action, 'content'>;

export function standingActionOf({ content, ...action }: Action): StandingAction {
  return action;
}

/** Why an action cannot be approved for the rest of a run, or null. */
export function refusalToStand({ effect, marks }: Pick<StandingAction, 'effect' | 'marks'>): string | null {
  if (effect === 'production')
    return 'a change of production is approved each time, not for the rest of a run';
  if (marks.includes('catastrophic')) return 'what is catastrophic is not approved for the rest of a run';
  return null;
}

/** Whether an approval for the rest of the run covers `wanted`, as {@link covers}, on whatever content. */
export function coversAgain(standing: StandingAction, wanted: Action): boolean {
  return refusalToStand(wanted) === null && coversCall(standing, wanted);
}

function coversCall(approved: StandingAction, wanted: StandingAction): boolean {
  return (
    approved.tool === wanted.tool &&
    approved.args === wanted.args &&
    approved.effect === wanted.effect &&
    approved.snapshot === wanted.snapshot &&
    wanted.marks.every((mark) => approved.marks.includes(mark)) &&
    wanted.findings.every((finding) => approved.findings.includes(finding)) &&
    (wanted.demands ?? []).every((demand) => (approved.demands ?? []).some((met) => meets(met, demand)))
  );
}

function meets(met: Demand, wanted: Demand): boolean {
  return (
    met.finding === wanted.finding &&
    met.quorum >= wanted.quorum &&
    (wanted.role === undefined || met.role === wanted.role) &&
    (met.fourEyes || !wanted.fourEyes)
  );
}

function demandsOf(asking: readonly Finding[]): Demand[] {
  return asking
    .filter(({ role, quorum = 1, fourEyes = false }) => role !== undefined || quorum > 1 || fourEyes)
    .map((finding) => ({
      finding: findingId(finding),
      ...(finding.role === undefined ? {} : { role: finding.role }),
      quorum: finding.quorum ?? 1,
      fourEyes: finding.fourEyes ?? false,
    }))
    .sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
}

/** Whether a call is judged and approved on the content of the workspace. */
export function isContentBound(read: ReadCall): boolean {
  return read.tool.isTreeJudged === true || read.tool.name === 'run-command';
}

function contentOf(read: ReadCall, facts: RunFacts | undefined): BoundContent {
  const workspace = facts?.workspace;
  if (!workspace || !isContentBound(read)) return {};
  return read.tool.name === 'git-push' ? { head: workspace.head } : { tree: workspace.tree };
}
