import type { AgentBudget, BudgetUsage } from './budget';
import type { Tightening } from './permissions';
import type { RunInput, RunOutcome } from './run';

/** A run that another run's agent starts. */
export interface ChildRun {
  agent: string;
  /** Written by a model: what it wishes, not what is so. */
  request: string;
  /** What its agent may do at most. */
  narrow: Tightening;
}

export interface ChildUsageInput {
  runId: string;
  organizationId: string;
  /** Id of the run that this one started. */
  child: string;
}

/** The same call starts one run, however often it is carried out. */
export function childRunId(runId: string, callId: string): string {
  return `${runId}.${callId}`;
}

/**
 * The input of a run that another one starts. What the model of that run wrote is data to work on and nothing trusted;
 * what the person asked for who started the first run stays trusted, and the person is whom it is done for.
 */
export function childRunInput(
  parent: RunInput,
  callId: string,
  { agent, request, narrow }: ChildRun,
  { limits, used }: { limits: AgentBudget; used: BudgetUsage },
): RunInput {
  const { runId, organizationId, requestedBy, repo, prompt } = parent;
  return {
    runId: childRunId(runId, callId),
    organizationId,
    agent,
    prompt: [
      `The agent \`${parent.agent}\`, in its run \`${runId}\`, asks for your help: the attachment says with what.`,
      'Do that part and no more, and say at the end what came of it.',
      `For context, a person asked that run for this:\n\n${prompt}`,
    ].join('\n'),
    attachments: [request],
    ...(repo === undefined ? {} : { repo }),
    requestedBy,
    narrow: { ...narrow, maxTokenBudget: Math.max(1, limits.maxTokens - used.tokens) },
  };
}

/** Longest last words that are handed on, in characters. */
const MAX_TEXT_LENGTH = 20_000;

/** What the model is told of a run that it started. */
export function childRunText(runId: string, agent: string, { status, text }: RunOutcome): string {
  const ended = {
    COMPLETED: 'completed; its last words',
    FAILED: 'failed',
    BUDGET_EXCEEDED: 'used up its budget',
    CANCELLED: 'was stopped',
  }[status];
  return `run \`${runId}\` of agent \`${agent}\` ${ended}:\n${text.slice(0, MAX_TEXT_LENGTH)}`;
}
