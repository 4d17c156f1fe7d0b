import type { ArtifactPass } from '../src/domain/artifact-pass';
import { type AgentBudget, BudgetTracker, type BudgetUsage, raisedBudget } from '../src/domain/budget';
import type { CallOutcome } from '../src/domain/call';
import type { RunEventData } from '../src/domain/events';
import type { HaltView } from '../src/domain/halt';
import type { RunInput } from '../src/domain/run';
import type { DispatchResult, GatedCall, Grant, Observation, RunFacts, Workspace } from '../src/domain/steps';
import type { PauseRequest } from './messages';
import { type CarriedTranscript, Transcript } from './transcript';

/** Reads that run with the next turn, and the grant they ride on. */
export interface RidingReads {
  calls: GatedCall[];
  grant: Grant;
}

/** How much of what tools answered goes to the gate, in characters; one answer is at most a quarter of it. */
const MAX_OBSERVED_LENGTH = 64 * 1024;

/** How much of what people answered stays trusted, in characters, the latest: the state of a run has to cross continue-as-new. */
const MAX_ANSWERED_LENGTH = 64 * 1024;

/** How many calls without a checkpoint are remembered, the latest. */
const MAX_UNCHECKPOINTED = 20;

/** How much of an outcome an event repeats, in characters. */
const MAX_EVENT_TEXT = 500;

/** Everything a run knows, in plain data: the second argument of `agentRun` after continue-as-new. */
export interface CarriedRun {
  dispatched: DispatchResult;
  limits: AgentBudget;
  usage: BudgetUsage;
  turn: number;
  step: number;
  sequence: number;
  transcript: CarriedTranscript;
  riding: RidingReads | null;
  facts: RunFacts;
  /** Absent in runs that began before it was kept. */
  observations?: Observation[];
  channel: boolean;
  events: RunEventData[];
  paused: PauseRequest | null;
  /** Absent in runs that began before it was kept. */
  halt?: HaltView | null;
  /** Absent in runs that began before it was kept. */
  pausedMs?: number;
  invalidSignals: number;
  /** Absent in runs that began before it was kept. */
  noticed?: (keyof AgentBudget)[];
}

/** The state of one run and the counting that goes with it; no Temporal in here, so it can be tested alone. */
export class RunState {
  /** Set once dispatched. */
  dispatched: DispatchResult | null;
  limits: AgentBudget | null;
  readonly budget: BudgetTracker;
  readonly transcript: Transcript;
  turn: number;
  riding: RidingReads | null;
  facts: RunFacts;
  /** What tools answered lately, oldest first: where a value came from that nobody asked for. */
  observations: Observation[];
  /** Whether reads go over the channel; off for good once the runner could not reach it. */
  channel: boolean;
  /** Passes to the run's artifacts, by whom they are for. Not carried on: the next execution asks for its own. */
  readonly passes = new Map<string, ArtifactPass>();
  /** Told by the database; null for none. */
  halt: HaltView | null;
  private askedPause: PauseRequest | null;
  private pausedBeforeMs: number;
  private pausedSince: number | null = null;
  /** How often the run was told that the organization's policy changed. */
  policyChanges = 0;
  invalidSignals: number;
  /** Limits of which people know that they are mostly used. */
  private readonly noticed: Set<keyof AgentBudget>;
  private step: number;
  private sequence: number;
  private events: RunEventData[];

  constructor(
    readonly input: RunInput,
    private readonly now: () => number,
    carried?: CarriedRun,
  ) {
    this.dispatched = carried?.dispatched ?? null;
    this.limits = carried?.limits ?? null;
    this.budget = new BudgetTracker(now, carried?.usage);
    this.transcript = new Transcript(carried?.transcript);
    this.turn = carried?.turn ?? 0;
    this.step = carried?.step ?? 0;
    this.sequence = carried?.sequence ?? 0;
    this.riding = carried?.riding ?? null;
    this.facts = carried?.facts ?? {
      workspace: null,
      executed: 0,
      lastValidateStep: 0,
      lastWriteStep: 0,
      answers: [],
      driftIterations: 0,
    };
    this.observations = carried?.observations ?? [];
    this.channel = carried?.channel ?? false;
    this.events = carried?.events ?? [];
    this.askedPause = carried?.paused ?? null;
    this.halt = carried?.halt ?? null;
    this.pausedBeforeMs = carried?.pausedMs ?? 0;
    if (this.paused) this.pausedSince = now();
    this.invalidSignals = carried?.invalidSignals ?? 0;
    this.noticed = new Set(carried?.noticed);
  }

  /** Takes what dispatch decided. */
  begin(dispatched: DispatchResult): void {
    this.dispatched = dispatched;
    this.limits = dispatched.budget;
    this.channel = dispatched.channel;
    const { payload } = dispatched;
    this.transcript.add({
      role: 'system',
      systemPrompt: payload.systemPrompt,
      policyDigest: payload.policyDigest,
    });
    const { attachments } = this.input;
    this.transcript.add({
      role: 'user',
      text: payload.prompt,
      ...(attachments && attachments.length > 0 ? { attachments } : {}),
    });
  }

  /** What dispatch decided. @throws when asked before {@link begin}, a defect of ours */
  get pinned(): DispatchResult {
    if (!this.dispatched) throw new TypeError('the run is not dispatched yet');
    return this.dispatched;
  }

  get budgetLimits(): AgentBudget {
    return this.limits ?? this.pinned.budget;
  }

  /** Who holds the run, and why: by a signal of its own, or by a halt of run, agent or organization. */
  get paused(): PauseRequest | null {
    return this.askedPause ?? this.halt;
  }

  /** Milliseconds that the run was paused so far. */
  get pausedMs(): number {
    return this.pausedBeforeMs + (this.pausedSince === null ? 0 : this.now() - this.pausedSince);
  }

  /** The first request to pause stays; null lets the run go on, as far as no halt holds it. */
  setPause(request: PauseRequest | null): void {
    this.askedPause = request && (this.askedPause ?? request);
    this.countPause();
  }

  setHalt(halt: HaltView | null): void {
    this.halt = halt;
    this.countPause();
  }

  raiseLimits(by: Partial<AgentBudget>): void {
    this.limits = raisedBudget(this.budgetLimits, by);
  }

  /** How much more of a limit is asked for: as much as the agent had, and what was overdrawn. */
  amountFor(limit: keyof AgentBudget): Partial<AgentBudget> {
    const overdrawn = Math.max(0, this.budget.used(limit) - this.budgetLimits[limit]);
    return { [limit]: Math.max(1, Math.ceil(this.pinned.budget[limit] + overdrawn)) };
  }

  /** Tells listeners of each limit, once, that most of it is used. */
  noteMostlyUsed(): void {
    for (const { limit, used, of } of this.budget.mostlyUsed(this.budgetLimits)) {
      if (this.noticed.has(limit)) continue;
      this.noticed.add(limit);
      const reason = `most of \`${limit}\` is used: ${used} of ${of}`;
      this.note({ type: 'budget', data: { reason, kind: 'notice', limit, used, of } });
    }
  }

  nextStep(): number {
    return ++this.step;
  }

  /** Sets aside `count` event numbers and returns the first. */
  takeSequence(count: number): number {
    const first = this.sequence + 1;
    this.sequence += count;
    return first;
  }

  /** Keeps an event until the next gate or `finish` records it. */
  note(event: RunEventData): void {
    this.events.push(event);
  }

  /** Tells listeners what became of a call. */
  noteOutcome(tool: string, outcome: CallOutcome): void {
    const { callId, kind, text } = outcome;
    const tree = this.facts.workspace?.tree;
    const ran =
      kind === 'done' || kind === 'failed'
        ? { ...(outcome.artifact ? { artifact: outcome.artifact } : {}), ...(tree ? { tree } : {}) }
        : {};
    this.note({
      type: 'call',
      data: { callId, tool, outcome: kind, text: text.slice(0, MAX_EVENT_TEXT), ...ran },
    });
  }

  takeEvents(): RunEventData[] {
    const taken = this.events;
    this.events = [];
    return taken;
  }

  /** Puts events back that an activity did not record after all. */
  returnEvents(events: RunEventData[]): void {
    this.events = [...events, ...this.events];
  }

  /** Takes the workspace as calls left it, and notes those that are in no checkpoint yet. */
  takeWorkspace(before: Workspace, after: Workspace, calls: readonly GatedCall[]): void {
    this.facts.workspace = after;
    if (after.checkpoint?.isCurrent) {
      delete this.facts.uncheckpointed;
      return;
    }
    if (after.tree === before.tree && after.head === before.head) return;
    const tools = calls.flatMap(({ call }) => call?.tool ?? []);
    this.facts.uncheckpointed = [...(this.facts.uncheckpointed ?? []), ...tools].slice(-MAX_UNCHECKPOINTED);
  }

  /** Keeps what people said: their words ground what a call names. */
  hear(...answers: readonly string[]): void {
    this.facts.answers = latest([...this.facts.answers, ...answers], MAX_ANSWERED_LENGTH, (answer) => answer);
  }

  /** Counts an executed call into the facts that policies judge on. */
  learn(call: GatedCall, outcome: CallOutcome, wrote: boolean): void {
    this.facts.executed++;
    const tool = call.call?.tool;
    if (wrote) this.facts.lastWriteStep = this.facts.executed;
    if (tool !== undefined) this.observe({ tool, text: outcome.text });
    // One drift iteration is an apply, failed ones too: the plan before it is free, the next one is what the limit stops.
    // What an earlier release gated says it by the tool alone.
    if (call.isDriftIteration || tool === 'terraform-apply') this.facts.driftIterations++;
    if (outcome.kind === 'done' && (tool === 'validate' || tool === 'terraform-validate'))
      this.facts.lastValidateStep = this.facts.executed;
  }

  private countPause(): void {
    if (this.paused) this.pausedSince ??= this.now();
    else {
      this.pausedBeforeMs = this.pausedMs;
      this.pausedSince = null;
    }
  }

  private observe(observation: Observation): void {
    this.observations = latest([...this.observations, observation], MAX_OBSERVED_LENGTH, ({ text }) => text);
  }

  carry(): CarriedRun {
    return {
      // The transcript has the payload; twice, a long prompt would fill the input.
      dispatched: { ...this.pinned, payload: { prompt: '', systemPrompt: '', policyDigest: '' } },
      limits: this.budgetLimits,
      usage: this.budget.snapshot(),
      turn: this.turn,
      step: this.step,
      sequence: this.sequence,
      transcript: this.transcript.carry(),
      riding: this.riding,
      facts: this.facts,
      observations: this.observations,
      channel: this.channel,
      events: this.events,
      paused: this.askedPause,
      halt: this.halt,
      pausedMs: this.pausedMs,
      invalidSignals: this.invalidSignals,
      noticed: [...this.noticed],
    };
  }
}

/** The last of them that together are not longer. */
function latest<Item>(items: readonly Item[], maxLength: number, textOf: (item: Item) => string): Item[] {
  let length = 0;
  const first = items.findLastIndex((item) => {
    length += textOf(item).length;
    return length > maxLength;
  });
  return items.slice(first + 1);
}
