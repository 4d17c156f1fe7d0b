import type { PendingApproval, PendingQuestion } from '../domain/approval';
import type { ChildRun } from '../domain/child-run';
import { type Decision, findingId } from '../domain/decision';
import type { GrantAudience, GrantedCall } from '../domain/grant';
import { sha256 } from '../domain/hashing';
import { narrowedTo } from '../domain/permissions';
import type { PolicySnapshot } from '../domain/policy';
import type { RateDemand } from '../domain/rate';
import type { GatedCall, GateInput, Observation } from '../domain/steps';
import {
  type Action,
  actionHash,
  actionOf,
  covers,
  coversAgain,
  isContentBound,
  type StandingAction,
} from './action';
import { rateDemands } from './cedar/rate-demands';
import { NO_CONTENT } from './content/content-loader';
import type { TurnContent } from './content/turn-content';
import { type JudgedCall, judge, stricterDecision, withApprovals } from './judge';
import type { PolicyContext, ReadCall } from './layer';
import type { FindTool } from './read-call';
import { trustedResults } from './trusted-text';

/** An approval as recorded: what it was asked for, and whether people gave it. */
export interface RecordedApproval {
  id: string;
  callId: string;
  isGiven: boolean;
  /** Whether it was made void: the same action asked about again is another approval. */
  isVoid?: boolean;
  action: Action;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

/** An approval that people gave for the rest of the run. */
export interface RecordedStanding {
  id: string;
  action: StandingAction;
}

export interface GateContext {
  pinned: PolicySnapshot;
  /** The organization's policy as it is now: where it is stricter, it counts. */
  current: PolicySnapshot;
  /** What the run was asked to do: trusted text. */
  prompt: string;
  /** The tools of a snapshot: one that was removed since is refused. */
  toolsOf(snapshot: PolicySnapshot): FindTool;
  /** The run's approvals, by id. */
  approvals: ReadonlyMap<string, RecordedApproval>;
  /** Those given for the rest of the run. @default none */
  standing?: readonly RecordedStanding[];
  /** What calls would leave behind; absent where no rule judges it. */
  content?: TurnContent;
  /** How long people have, in milliseconds. */
  waitForPeopleMs: number;
  /** Milliseconds since the epoch. */
  now: number;
}

/** One call as gated, with the action that an approval of it binds. */
export interface GatedTurn {
  calls: GatedCall[];
  actions: Map<string, Action>;
  granted: GrantedCall[];
  audience: GrantAudience;
  /** Id of the organization's snapshot at this moment. */
  current: string;
  /** The sliding windows that granted calls count against, by call; taken before the grant. */
  demands: Map<string, RateDemand[]>;
  /** Results of tools that the pinned snapshot trusts: kept with the decisions. */
  trustedResults: Observation[];
}

/**
 * Judges all open calls of a turn at once and says which of them may start now. Pure.
 *
 * Reads may start in any order; an effect only when no earlier effect is held; a call judged on the tree only when it
 * is the first that is open, since earlier calls may change the tree.
 */
export function gateTurn(input: GateInput, context: GateContext): GatedTurn {
  const actions = new Map<string, Action>();
  const granted: GrantedCall[] = [];
  const demands = new Map<string, RateDemand[]>();
  let isEffectHeld = false;
  let isEffectOpen = false;
  const calls = input.calls.map((proposed): GatedCall => {
    const judged = judgeBoth(proposed, input, context, isEffectOpen);
    const { read } = judged;
    if (!read) return unreadable(proposed.id, judged.decision);
    const action = actionOf(read, judged.decision, input.facts);
    actions.set(proposed.id, action);
    const approved = givenApproval(proposed.id, input.approvals[proposed.id], action, context);
    const standing = approved ? null : standingApproval(judged.decision, action, context);
    const given = approved ?? standing;
    const rated = withRates(
      proposed,
      given ? judgeApproved(proposed, input, context, isEffectOpen, given) : judged,
    );
    const decision = refuseToAsk(rated.decision, context.pinned);
    if (rated.demands.length > 0) demands.set(proposed.id, rated.demands);
    const isRead = read.judgement.effect === 'read';
    const isBehindEffect = isContentBound(read) && isEffectOpen;
    const needsWorkspace = read.tool.needsWorkspace !== false && read.tool.run !== undefined;
    // Nobody can approve content that is not there yet: the workspace comes first.
    const lacksContent = isContentBound(read) && needsWorkspace && input.facts.workspace === null;
    const gated: GatedCall = {
      callId: proposed.id,
      call: read.call,
      decision,
      isRead,
      isTreeJudged: isContentBound(read),
      writes: writesWorkspace(read),
      needsWorkspace,
      use: read.tool.use ?? null,
      ...(read.tool.mayAsk && writesWorkspace(read) ? { mayAsk: true } : {}),
      ...(read.judgement.iteration === 'apply' ? { isDriftIteration: true } : {}),
      approval:
        decision.verdict === 'ask' && !isBehindEffect && !lacksContent
          ? pendingApproval(input.runId, read, decision, action, context)
          : null,
      question: decision.verdict === 'allow' ? questionOf(input.runId, read, context) : null,
      ...(standing && decision.verdict === 'allow' ? { standing: standing.id } : {}),
      ...(decision.verdict === 'allow' ? childOf(read, context) : {}),
    };
    const mayStart =
      decision.verdict === 'allow' &&
      !gated.question &&
      !gated.starts &&
      (isRead || (!isEffectHeld && !isBehindEffect)) &&
      (!gated.needsWorkspace || input.facts.workspace !== null);
    if (mayStart) granted.push(grantedCall(read, given ? action : null));
    // What a person or another run will answer may change what should follow.
    if (gated.question || gated.starts) isEffectHeld = true;
    if (!isRead && decision.verdict !== 'deny') {
      isEffectOpen = true;
      if (decision.verdict !== 'allow') isEffectHeld = true;
    }
    return gated;
  });
  const isReadingTurn = calls.every(
    (call) =>
      call.decision.verdict === 'deny' ||
      (call.decision.verdict === 'allow' && call.isRead && !call.question),
  );
  return {
    calls,
    actions,
    granted,
    audience: isReadingTurn ? input.audience : 'activity',
    current: context.current.id,
    demands,
    trustedResults: trustedResults(input.observations ?? [], context.pinned.settings),
  };
}

function writesWorkspace({ judgement: { effect } }: ReadCall): boolean {
  return effect !== 'read' && effect !== 'propose';
}

function judgeBoth(
  proposed: GateInput['calls'][number],
  input: GateInput,
  { pinned, current, prompt, toolsOf, content, now }: GateContext,
  isBehindEffect: boolean,
  approved?: ReadonlySet<string>,
): JudgedBoth {
  const { runId, facts, observations = [] } = input;
  const trusted = { prompt, answers: facts.answers };
  // What earlier calls will have committed is judged when they have: the call is gated again before it may start.
  const isTooEarly = isBehindEffect && content?.ofTree.has(proposed.id) === true;
  const left = isTooEarly ? NO_CONTENT : content?.facts.get(proposed.id);
  const shared = {
    ...{ runId, facts, trusted, observations, now },
    ...(left ? { content: left } : {}),
    ...(approved ? { approvals: approved } : {}),
  };
  const contexts = [{ ...shared, snapshot: pinned }];
  const underPinned = judge(proposed, contexts[0]!, toolsOf(pinned));
  if (current.id === pinned.id) return { ...underPinned, contexts };
  contexts.push({ ...shared, snapshot: current });
  const underCurrent = judge(proposed, contexts[1]!, toolsOf(current));
  return {
    read: underPinned.read,
    decision: stricterDecision(underPinned.decision, underCurrent.decision),
    contexts,
  };
}

/** A call as judged, with what its rules looked at: under the pinned snapshot, and under the current one if it differs. */
interface JudgedBoth extends JudgedCall {
  contexts: PolicyContext[];
}

/** Judges again what people approved: rules may look at which findings were. */
function judgeApproved(
  proposed: GateInput['calls'][number],
  input: GateInput,
  context: GateContext,
  isBehindEffect: boolean,
  { action }: RecordedApproval | RecordedStanding,
): JudgedBoth {
  const approved = new Set(action.findings);
  const judged = judgeBoth(proposed, input, context, isBehindEffect, approved);
  return { ...judged, decision: withApprovals(judged.decision, approved) };
}

/** The windows that an allowed call counts against; rules that cannot say refuse it. */
function withRates(
  { tool }: GateInput['calls'][number],
  { read, decision, contexts }: JudgedBoth,
): { decision: Decision; demands: RateDemand[] } {
  if (!read || decision.verdict !== 'allow') return { decision, demands: [] };
  try {
    const demands = new Map(
      contexts.flatMap((each) => rateDemands(read, each)).map((demand) => [JSON.stringify(demand), demand]),
    );
    return { decision, demands: [...demands.values()] };
  } catch {
    const error = {
      code: 'rates-failed',
      message: `the rates of \`${tool}\` could not be told; it is refused`,
    };
    return { decision: { ...decision, verdict: 'deny', errors: [...decision.errors, error] }, demands: [] };
  }
}

/** A call of which nothing but its refusal is known. */
export function unreadable(callId: string, decision: Decision): GatedCall {
  return {
    callId,
    call: null,
    decision,
    isRead: false,
    isTreeJudged: false,
    writes: false,
    needsWorkspace: false,
    use: null,
    approval: null,
    question: null,
  };
}

function givenApproval(
  callId: string,
  id: string | undefined,
  action: Action,
  { approvals }: GateContext,
): RecordedApproval | null {
  const approval = id === undefined ? undefined : approvals.get(id);
  return approval?.isGiven && approval.callId === callId && covers(approval.action, action) ? approval : null;
}

/** What was approved for the rest of the run stands for a call that asks for nothing more, on whatever content. */
function standingApproval(
  { verdict }: Decision,
  action: Action,
  { standing = [] }: GateContext,
): RecordedStanding | null {
  if (verdict !== 'ask') return null;
  return standing.find((each) => coversAgain(each.action, action)) ?? null;
}

/** An agent that nobody watches (CI, schedules) is refused where others wait. */
export function refuseToAsk(decision: Decision, { settings }: PolicySnapshot): Decision {
  if (decision.verdict !== 'ask' || settings.onAsk === 'wait') return decision;
  return {
    ...decision,
    verdict: 'deny',
    findings: [
      ...decision.findings,
      {
        verdict: 'deny',
        layer: 'approvals',
        rule: 'on-ask-refuse',
        message: 'this needs a person, and the agent is set to refuse instead of waiting (`onAsk: refuse`)',
      },
    ],
  };
}

function pendingApproval(
  runId: string,
  read: ReadCall,
  decision: Decision,
  action: Action,
  { approvals, waitForPeopleMs, now }: GateContext,
): PendingApproval {
  const hash = actionHash(action);
  const numbered = (again: number) =>
    `apr-${sha256([runId, read.call.id, hash, ...(again > 0 ? [again] : [])].join('\n')).slice(0, 16)}`;
  let again = 0;
  while (approvals.get(numbered(again))?.isVoid) again++;
  const id = numbered(again);
  return {
    id,
    callId: read.call.id,
    tool: action.tool,
    args: action.args,
    effect: action.effect,
    marks: action.marks,
    findings: decision.findings.filter((finding) => action.findings.includes(findingId(finding))),
    actionHash: hash,
    expiresAt: approvals.get(id)?.expiresAt ?? now + waitForPeopleMs,
  };
}

function questionOf(
  runId: string,
  read: ReadCall,
  { waitForPeopleMs, now }: GateContext,
): PendingQuestion | null {
  if (read.tool.name !== 'ask-user') return null;
  const { question, options } = read.args as { question: string; options?: string[] };
  return {
    id: `que-${sha256(`${runId}\n${read.call.id}`).slice(0, 16)}`,
    callId: read.call.id,
    question,
    options: options ?? [],
    expiresAt: now + waitForPeopleMs,
  };
}

/** A run that this call starts; it is judged under its own agent, narrowed to what this run may do. */
function childOf(read: ReadCall, { pinned, current }: GateContext): { starts?: ChildRun } {
  if (read.tool.name !== 'start-run') return {};
  const { agent, prompt } = read.args as { agent: string; prompt: string };
  return {
    starts: { agent, request: prompt, narrow: narrowedTo([pinned.permissions, current.permissions]) },
  };
}

function grantedCall(read: ReadCall, approved: Action | null): GrantedCall {
  return {
    id: read.call.id,
    tool: read.call.tool,
    argsHash: sha256(read.call.args),
    effect: read.judgement.effect,
    ...(approved?.content ?? {}),
  };
}
