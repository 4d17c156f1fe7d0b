import type { Tightening } from './permissions';

export const runStatuses = [
  'QUEUED',
  'RUNNING',
  'WAITING_INPUT',
  'WAITING_APPROVAL',
  'PAUSED',
  'COMPLETED',
  'FAILED',
  'BUDGET_EXCEEDED',
  'CANCELLED',
] as const;
export type RunStatus = (typeof runStatuses)[number];

const ENDED: readonly RunStatus[] = ['COMPLETED', 'FAILED', 'BUDGET_EXCEEDED', 'CANCELLED'];

/** Whether a run in this status is over. */
export function isEnded(status: RunStatus): boolean {
  return ENDED.includes(status);
}

/** The input of workflow `agentRun` (CONTRACTS, Temporal). */
export interface RunInput {
  runId: string;
  organizationId: string;
  /** Name of a stored agent. */
  agent: string;
  /** Trusted: it is what the requester wants. */
  prompt: string;
  /** Not trusted: data to work on. */
  attachments?: string[];
  /** Path or URL of a git repository; it is cloned, never written to but through the forge. */
  repo?: string;
  requestedBy: string;
  /** Only tightens the stored agent's permissions. */
  narrow?: Tightening;
}

/** How a run ended. */
export interface RunOutcome {
  status: Extract<RunStatus, 'COMPLETED' | 'FAILED' | 'BUDGET_EXCEEDED' | 'CANCELLED'>;
  /** Public text: the model's last words, or why the run did not complete. */
  text: string;
}

/** Run ids name folders, branches and workflows, on every system. */
export function isRunId(runId: string): boolean {
  return /^[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?=[A-Za-z0-9_-])){0,199}$/.test(runId) && !/\.lock$/i.test(runId);
}

/** The workflow id of a run. */
export function workflowIdOf(runId: string): string {
  return `run-${runId}`;
}

/** The run that a workflow id is of; null for another workflow's. */
export function runIdOf(workflowId: string): string | null {
  return workflowId.startsWith('run-') ? workflowId.slice('run-'.length) : null;
}

/** The branch a run works on, and the only one it may push without being asked. */
export function branchOf(runId: string): string {
  return `gatehouse/${runId}`;
}
