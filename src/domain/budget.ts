/** Hard limits of a run, enforced in code. */
export interface AgentBudget {
  /** LLM round trips. */
  maxTurns: number;
  /** Tokens in and out, all turns together. */
  maxTokens: number;
  /** Tool invocations, reads included. */
  maxToolCalls: number;
  /** Longest a run may act, in milliseconds; waiting for people does not count. */
  maxDurationMs: number;
  /** CI/CD pipeline triggers. */
  maxPipelineRuns: number;
  /** Credentials minted. */
  maxCredentialRequests: number;
}

export const DEFAULT_BUDGET: AgentBudget = {
  maxTurns: 50,
  maxTokens: 500_000,
  maxToolCalls: 200,
  maxDurationMs: 30 * 60 * 1000,
  maxPipelineRuns: 15,
  maxCredentialRequests: 10,
};

/** What a tool call uses up beside itself. */
export type BudgetedUse = 'pipelineRun' | 'credentialRequest';

/** A limit of the budget is reached; `message` names which. */
export class BudgetExceededError extends Error {
  override readonly name = 'BudgetExceededError';

  constructor(
    message: string,
    /** Which. */
    readonly limit?: keyof AgentBudget,
  ) {
    super(message);
  }
}

/** Everything a {@link BudgetTracker} knows, in plain data: it crosses continue-as-new and answers the `usage` query. */
export interface BudgetUsage {
  turns: number;
  tokens: number;
  toolCalls: number;
  pipelineRuns: number;
  credentialRequests: number;
  /** Milliseconds since the epoch. */
  startedAt: number;
  /** Milliseconds spent waiting for people, ended waits only. */
  waitedMs: number;
  /** Since when people are waited for, in milliseconds since the epoch; null when not waiting. */
  waitingSince: number | null;
  /** Begun but not yet committed: held against the limits, so that parallel calls cannot overspend. */
  reserved: { toolCalls: number; pipelineRuns: number; credentialRequests: number };
}

/** From this part of a limit on, people are told. */
export const MOSTLY = 0.8;

type Clock = () => number;

/**
 * Counts what a run uses and says when a limit is reached. Pure but for the clock, which in a workflow is Temporal's.
 *
 * Effects are reserved before they start and committed or released after: see {@link BudgetTracker.reserve}.
 */
export class BudgetTracker {
  private readonly usage: BudgetUsage;

  constructor(
    private readonly now: Clock = Date.now,
    usage?: BudgetUsage,
  ) {
    this.usage = usage
      ? { ...usage, reserved: { ...usage.reserved } }
      : {
          turns: 0,
          tokens: 0,
          toolCalls: 0,
          pipelineRuns: 0,
          credentialRequests: 0,
          startedAt: now(),
          waitedMs: 0,
          waitingSince: null,
          reserved: { toolCalls: 0, pipelineRuns: 0, credentialRequests: 0 },
        };
  }

  /** @throws BudgetExceededError naming the first limit reached, in this order. */
  check(budget: AgentBudget): void {
    const { usage } = this;
    const { reserved } = usage;
    if (isReached(usage.turns, budget.maxTurns))
      throw new BudgetExceededError('Max turns reached', 'maxTurns');
    if (isReached(usage.tokens, budget.maxTokens))
      throw new BudgetExceededError('Token budget exhausted', 'maxTokens');
    if (isReached(this.elapsedMs(), budget.maxDurationMs))
      throw new BudgetExceededError('Time limit exceeded', 'maxDurationMs');
    if (isReached(usage.toolCalls + reserved.toolCalls, budget.maxToolCalls))
      throw new BudgetExceededError('Max tool calls reached', 'maxToolCalls');
    if (isReached(usage.pipelineRuns + reserved.pipelineRuns, budget.maxPipelineRuns))
      throw new BudgetExceededError('Max pipeline runs reached', 'maxPipelineRuns');
    if (isReached(usage.credentialRequests + reserved.credentialRequests, budget.maxCredentialRequests))
      throw new BudgetExceededError('Max credential requests reached', 'maxCredentialRequests');
  }

  recordTurn(tokensUsed: number): void {
    this.usage.turns++;
    this.usage.tokens += tokensUsed;
  }

  /** Tokens that a run which this one started has used. */
  recordTokens(tokens: number): void {
    this.usage.tokens += tokens;
  }

  recordToolCall(): void {
    this.usage.toolCalls++;
  }

  /**
   * Sets aside one tool call (and what it uses beside itself) before its effect starts.
   *
   * @throws BudgetExceededError when it would go over a limit; nothing is then reserved.
   */
  reserve(budget: AgentBudget, use?: BudgetedUse): void {
    const { usage } = this;
    const { reserved } = usage;
    if (isReached(usage.toolCalls + reserved.toolCalls, budget.maxToolCalls))
      throw new BudgetExceededError('Max tool calls reached', 'maxToolCalls');
    if (
      use === 'pipelineRun' &&
      isReached(usage.pipelineRuns + reserved.pipelineRuns, budget.maxPipelineRuns)
    )
      throw new BudgetExceededError('Max pipeline runs reached', 'maxPipelineRuns');
    if (
      use === 'credentialRequest' &&
      isReached(usage.credentialRequests + reserved.credentialRequests, budget.maxCredentialRequests)
    )
      throw new BudgetExceededError('Max credential requests reached', 'maxCredentialRequests');
    reserved.toolCalls++;
    if (use === 'pipelineRun') reserved.pipelineRuns++;
    if (use === 'credentialRequest') reserved.credentialRequests++;
  }

  /** Turns a reservation into use. */
  commit(use?: BudgetedUse): void {
    this.release(use);
    this.recordToolCall();
    if (use === 'pipelineRun') this.usage.pipelineRuns++;
    if (use === 'credentialRequest') this.usage.credentialRequests++;
  }

  /** Gives a reservation back: the call surely did not run. */
  release(use?: BudgetedUse): void {
    const { reserved } = this.usage;
    reserved.toolCalls = Math.max(0, reserved.toolCalls - 1);
    if (use === 'pipelineRun') reserved.pipelineRuns = Math.max(0, reserved.pipelineRuns - 1);
    if (use === 'credentialRequest')
      reserved.credentialRequests = Math.max(0, reserved.credentialRequests - 1);
  }

  /** Stops the clock while people are waited for. Calling it twice changes nothing. */
  startWaiting(): void {
    this.usage.waitingSince ??= this.now();
  }

  /** Starts the clock again. */
  stopWaiting(): void {
    if (this.usage.waitingSince === null) return;
    this.usage.waitedMs += Math.max(0, this.now() - this.usage.waitingSince);
    this.usage.waitingSince = null;
  }

  /** How much of a limit is used, what is reserved included. */
  used(limit: keyof AgentBudget): number {
    const { usage } = this;
    const { reserved } = usage;
    switch (limit) {
      case 'maxTurns':
        return usage.turns;
      case 'maxTokens':
        return usage.tokens;
      case 'maxToolCalls':
        return usage.toolCalls + reserved.toolCalls;
      case 'maxDurationMs':
        return this.elapsedMs();
      case 'maxPipelineRuns':
        return usage.pipelineRuns + reserved.pipelineRuns;
      case 'maxCredentialRequests':
        return usage.credentialRequests + reserved.credentialRequests;
    }
  }

  /** Limits of which {@link MOSTLY} is used, but not all. */
  mostlyUsed(budget: AgentBudget): { limit: keyof AgentBudget; used: number; of: number }[] {
    return (Object.keys(budget) as (keyof AgentBudget)[])
      .map((limit) => ({ limit, used: this.used(limit), of: budget[limit] }))
      .filter(({ used, of }) => used >= of * MOSTLY && used < of);
  }

  /** Milliseconds the run has acted, waits left out. */
  elapsedMs(): number {
    const waitingMs =
      this.usage.waitingSince === null ? 0 : Math.max(0, this.now() - this.usage.waitingSince);
    return this.now() - this.usage.startedAt - this.usage.waitedMs - waitingMs;
  }

  /** A copy of everything counted. */
  snapshot(): BudgetUsage {
    return { ...this.usage, reserved: { ...this.usage.reserved } };
  }
}

/** `used >= limit`, but for a value that is no number (a provider that counts nothing): that has reached any limit. */
function isReached(used: number, limit: number): boolean {
  return !(used < limit);
}

/** Payload of signal `topUp`: amounts to add to a run's limits. */
export interface TopUp {
  budget: Partial<AgentBudget>;
  by: string;
  signature?: string;
}

/** The limits with a top-up's amounts added; what is not a positive number adds nothing. */
export function raisedBudget(limits: AgentBudget, by: Partial<AgentBudget>): AgentBudget {
  const raised = { ...limits };
  for (const key of Object.keys(limits) as (keyof AgentBudget)[]) {
    const more = by[key];
    if (typeof more === 'number' && Number.isFinite(more) && more > 0) raised[key] += more;
  }
  return raised;
}
