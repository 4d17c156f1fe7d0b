import { randomUUID } from 'node:crypto';
import type { GrantMinter } from '../src/broker/grant';
import type { PendingApproval } from '../src/domain/approval';
import { messageOf, reasons, voidReason } from '../src/domain/decision';
import { GatehouseError } from '../src/domain/errors';
import type { ApprovalEvent, RunEventData } from '../src/domain/events';
import { GRANT_LIFETIME_S, type GrantAudience, type GrantedCall } from '../src/domain/grant';
import type { PolicySnapshot } from '../src/domain/policy';
import type { GatedCall, GateInput, GateResult, Grant, Workspace } from '../src/domain/steps';
import { judgesContent } from '../src/policy/cedar/compile-rules';
import type { ContentLoader } from '../src/policy/content/content-loader';
import { contentOfTurn } from '../src/policy/content/turn-content';
import type { GateAhead, GateCommit, GateLoad, GateStore } from '../src/policy/gate-records';
import { type GatedTurn, gateTurn, unreadable } from '../src/policy/gate-turn';
import type { FindTool } from '../src/policy/read-call';
import { type RateTaker, takeRates } from '../src/policy/take-rates';
import type { CurrentPolicy } from '../src/store/current-policy';
import type { SnapshotStore } from '../src/store/snapshot-store';
import { toFailure } from './failures';

export interface PolicyGateDependencies {
  gates: GateStore;
  snapshots: SnapshotStore;
  /** The organization's policy as it is now, compiled for the run's agent. */
  currentPolicy: CurrentPolicy;
  /** The tools of a snapshot: built-in and the user's own. */
  toolsOf(snapshot: PolicySnapshot): FindTool;
  /** What calls would leave behind, for rules about content. */
  contents: ContentLoader;
  /** Where calls are counted, for rules with a rate. */
  rates: RateTaker;
  minter: GrantMinter;
  /** RFC 7638 thumbprints of the keys that may present grants. */
  presenters: { runner: string; sandboxes: ReadonlySet<string> };
  waitForPeopleMs: number;
  now(): number;
}

/**
 * The policy gate: all open calls of a turn in one evaluation, under the pinned snapshot and the organization's current
 * one. Decisions, approvals and what is granted are committed before it answers.
 */
export const createPolicyGate = (dependencies: PolicyGateDependencies) => ({
  async gate(input: GateInput): Promise<GateResult> {
    try {
      return await gateOnce(input, dependencies);
    } catch (error) {
      throw toFailure(error);
    }
  },
});

/** The same gate, of an approval whose vote is being counted; it reads what it needs meanwhile. */
export function createGateAhead(dependencies: PolicyGateDependencies): (input: GateInput) => GateAhead {
  return (input) => {
    const loading = dependencies.gates.load(queryOf(input));
    loading.catch(() => undefined);
    return async (approvalId) => {
      try {
        const load = given(await loading, approvalId);
        if (load.halt !== 'none' || load.recorded) return null;
        const turn = await judgeTurn(input, load, dependencies);
        return {
          commit: commitOf(input, load, turn, dependencies.now()),
          answer: () => answerOf(input, turn, dependencies),
        };
      } catch {
        // What goes wrong here is no fault of the vote, which counts without it.
        return null;
      }
    };
  };
}

function answerOf(
  input: GateInput,
  turn: GatedTurn,
  dependencies: PolicyGateDependencies,
): GateResult | null {
  try {
    return { calls: turn.calls, grant: mint(input, turn, dependencies), halt: null };
  } catch {
    return null;
  }
}

/** As it will be once the vote is written. */
function given(load: GateLoad, approvalId: string): GateLoad {
  return {
    ...load,
    approvals: load.approvals.map((approval) =>
      approval.id === approvalId && approval.isPending
        ? { ...approval, isGiven: true, isPending: false }
        : approval,
    ),
  };
}

function queryOf({ runId, organizationId, step, calls }: GateInput): Parameters<GateStore['load']>[0] {
  return { runId, organizationId, step, callIds: calls.map(({ id }) => id) };
}

async function gateOnce(input: GateInput, dependencies: PolicyGateDependencies): Promise<GateResult> {
  const load = await dependencies.gates.load(queryOf(input));
  if (load.halt !== 'none') return { calls: [], grant: null, halt: load.halt };
  const turn = await judgeTurn(input, load, dependencies);
  if (!load.recorded) await dependencies.gates.commit(commitOf(input, load, turn, dependencies.now()));
  return { calls: turn.calls, grant: mint(input, turn, dependencies), halt: null };
}

/**
 * A repeated gate (its first answer was lost) gives the recorded decisions again. What may start now follows from the
 * same rules on the same input, and never exceeds what was recorded as allowed.
 */
async function judgeTurn(
  input: GateInput,
  load: GateLoad,
  { snapshots, currentPolicy, toolsOf, contents, rates, waitForPeopleMs, now }: PolicyGateDependencies,
): Promise<GatedTurn> {
  let pinned: PolicySnapshot;
  let current: PolicySnapshot;
  try {
    pinned = await snapshots.load(input.snapshot);
    current = await currentPolicy.snapshotFor(input.organizationId, load);
  } catch (error) {
    if (error instanceof GatehouseError && !isOutage(error)) return refuseAll(input, error);
    throw error;
  }
  const isJudged = (tool: string) => [pinned, current].some((each) => mayJudgeContent(each, tool));
  const content = await contentOfTurn(input, pinned.settings, toolsOf(pinned), isJudged, contents);
  const judged = gateTurn(input, {
    pinned,
    current,
    prompt: load.prompt,
    toolsOf,
    content,
    approvals: new Map(load.approvals.map((approval) => [approval.id, approval])),
    standing: load.standing,
    waitForPeopleMs,
    now: now(),
  });
  if (!load.recorded) {
    const { runId, organizationId } = input;
    return takeRates(judged, { runId, organizationId, agent: load.agent }, rates);
  }
  const recorded = new Map(load.recorded.map((call) => [call.callId, call]));
  return {
    ...judged,
    calls: judged.calls.map((call) => recorded.get(call.callId) ?? call),
    granted: judged.granted.filter((call) => recorded.get(call.id)?.decision.verdict === 'allow'),
  };
}

/** Rules that cannot even be compiled are refused by their layer, whatever the content. */
function mayJudgeContent(snapshot: PolicySnapshot, tool: string): boolean {
  try {
    return judgesContent(snapshot, tool);
  } catch {
    return false;
  }
}

/** An outage heals and is waited for; a policy that cannot be had otherwise refuses every call. */
function isOutage(error: GatehouseError): boolean {
  return error.code === 'database-unreachable';
}

function refuseAll(input: GateInput, error: GatehouseError): GatedTurn {
  const calls = input.calls.map(({ id }): GatedCall => {
    const message = `the policy of this run cannot be evaluated: ${error.message}`;
    return unreadable(id, {
      verdict: 'deny',
      findings: [{ verdict: 'deny', layer: 'input', rule: error.code, message }],
      errors: [{ code: error.code, message: error.message }],
      effect: null,
      marks: [],
      policySnapshot: input.snapshot,
    });
  });
  return {
    calls,
    actions: new Map(),
    demands: new Map(),
    granted: [],
    audience: 'activity',
    current: input.snapshot,
    trustedResults: [],
  };
}

function commitOf(input: GateInput, load: GateLoad, turn: GatedTurn, at: number): GateCommit {
  const shown = new Set(load.approvals.map((approval) => approval.id));
  const approvals = turn.calls.flatMap(({ approval, callId }) => {
    const action = turn.actions.get(callId);
    return approval && action ? [{ ...approval, action }] : [];
  });
  const questions = turn.calls.flatMap(({ question }) => question ?? []);
  const voided = voidedBy(turn, load);
  return {
    runId: input.runId,
    organizationId: input.organizationId,
    step: input.step,
    turn: input.turn,
    snapshot: input.snapshot,
    currentSnapshot: turn.current,
    calls: turn.calls.map((gated, index) => ({ proposed: input.calls[index]!, gated })),
    facts: input.facts,
    observations: turn.trustedResults,
    approvals,
    voided,
    questions,
    events: [
      ...input.events,
      ...voided.map(({ id, tool, reason }): RunEventData => {
        const data: ApprovalEvent = { approvalId: id, tool, outcome: 'void', by: [], reason };
        return { type: 'approval', data };
      }),
      ...turn.calls.flatMap((call, index) => eventsOf(call, input.calls[index]!.tool, shown, at)),
    ],
    firstSequence: input.firstSequence,
    status: approvals.length > 0 ? 'WAITING_APPROVAL' : questions.length > 0 ? 'WAITING_INPUT' : 'RUNNING',
    usage: input.usage,
    grantedCallIds: turn.granted.map((call) => call.id),
    auditHead: load.auditHead,
    at,
  };
}

/** Approvals that wait for a call that was gated now, and that it no longer asks for. */
function voidedBy(turn: GatedTurn, { approvals }: GateLoad): { id: string; tool: string; reason: string }[] {
  const calls = new Map(turn.calls.map((call) => [call.callId, call]));
  return approvals.flatMap(({ id, callId, isPending, action: { tool } }) => {
    const call = calls.get(callId);
    return isPending && call && call.approval?.id !== id
      ? [{ id, tool, reason: voidReason(call.decision) }]
      : [];
  });
}

/** @param shown ids of approvals that listeners know already */
function eventsOf(
  gated: GatedCall,
  proposedTool: string,
  shown: ReadonlySet<string>,
  timestamp: number,
): RunEventData[] {
  const { callId, call, decision, approval, question } = gated;
  const tool = call?.tool ?? proposedTool;
  const events: RunEventData[] = [
    {
      type: 'decision',
      data: {
        callId,
        tool,
        verdict: decision.verdict,
        effect: decision.effect,
        reasons: [
          ...reasons(decision).map((finding) => {
            const { layer, rule } = finding;
            return { layer, rule, message: messageOf(finding) };
          }),
          ...decision.errors.map(({ code, message }) => ({ layer: 'input', rule: code, message })),
        ],
      },
    },
  ];
  if (approval && !shown.has(approval.id)) events.push({ type: 'approval', data: shownAs(approval, tool) });
  if (question)
    events.push({
      type: 'question',
      data: {
        questionId: question.id,
        question: question.question,
        options: question.options,
        timestamp,
      },
    });
  return events;
}

function shownAs(approval: PendingApproval, tool: string): ApprovalEvent {
  const { id: approvalId, expiresAt, findings } = approval;
  const roles = [...new Set(findings.flatMap(({ role }) => role ?? []))];
  return { approvalId, tool, outcome: 'pending', by: [], roles, expiresAt };
}

function mint(input: GateInput, turn: GatedTurn, dependencies: PolicyGateDependencies): Grant | null {
  if (turn.granted.length === 0) return null;
  const { workspace } = input.facts;
  const issuedAt = Math.floor(dependencies.now() / 1000);
  const expiresAt = issuedAt + GRANT_LIFETIME_S[turn.audience];
  const token = dependencies.minter.mint({
    iss: 'gatehouse',
    sub: input.runId,
    aud: turn.audience,
    jti: randomUUID(),
    iat: issuedAt,
    exp: expiresAt,
    cnf: { jkt: presenterOf(turn.audience, workspace, turn.granted, dependencies) },
    organization: input.organizationId,
    snapshot: input.snapshot,
    host: workspace?.host ?? '',
    calls: turn.granted,
  });
  return {
    token,
    audience: turn.audience,
    callIds: turn.granted.map((call) => call.id),
    expiresAt: expiresAt * 1000,
  };
}

/** INVARIANT: a grant is bound to a key that control was configured with, never to one that a run merely names. */
function presenterOf(
  audience: GrantAudience,
  workspace: Workspace | null,
  granted: readonly GrantedCall[],
  { presenters }: PolicyGateDependencies,
): string {
  if (audience === 'channel') return presenters.runner;
  if (workspace && presenters.sandboxes.has(workspace.keyThumbprint)) return workspace.keyThumbprint;
  throw new GatehouseError(
    'presenter-unknown',
    `the sandbox host of this run is not known to the control worker; ${granted.length} calls were not granted`,
  );
}
