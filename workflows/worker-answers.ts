import type { CallOutcome } from '../src/domain/call';
import type { ExecuteResult, GatedCall, PreparedWorkspace, TurnResult, Workspace } from '../src/domain/steps';
import {
  MAX_CALLS_PER_TURN,
  MAX_OUTCOME_LENGTH,
  MAX_REFUSED_HOSTS,
  MAX_REPLY_BYTES,
} from '../src/domain/turn-limits';

// INVARIANT: what runner and sandbox answer is looked at before it counts. Either may be taken over, and then keeps to
// none of its own limits: it may tell more than it was asked, count backwards, or answer what would stop the workflow.

/**
 * Why this cannot be the runner's answer to a turn, or null.
 *
 * @param reads what it was to have read
 */
export function turnProblem(reads: readonly GatedCall[], result: TurnResult): string | null {
  if (!isObject(result) || typeof result.text !== 'string') return 'it holds no text';
  const { calls, usage, hashes } = result;
  if (!isArray(calls) || !calls.every(isCall)) return 'it holds a call that is none';
  if (calls.length > MAX_CALLS_PER_TURN) return `it holds ${calls.length} calls`;
  const length = calls.reduce((sum, { tool, args }) => sum + tool.length + args.length, result.text.length);
  if (length > MAX_REPLY_BYTES) return `it holds ${length} characters`;
  if (!isObject(usage) || !isAmount(usage.inputTokens) || !isAmount(usage.outputTokens))
    return 'it does not count its tokens';
  if (!isArray(hashes) || !hashes.every((hash) => isHex(hash))) return 'it does not say what it appended';
  return outcomesProblem(reads, result.reads);
}

/** Why this cannot be the sandbox's answer to these calls, or null. */
export function executionProblem(
  calls: readonly GatedCall[],
  before: Pick<Workspace, 'host' | 'keyThumbprint'>,
  result: ExecuteResult,
): string | null {
  if (!isObject(result)) return 'it is none';
  const { workspace, refusedHosts } = result;
  const problem = workspaceProblem(workspace);
  if (problem) return problem;
  if (workspace.host !== before.host || workspace.keyThumbprint !== before.keyThumbprint)
    return 'it comes with the workspace of another host';
  if (!isArray(refusedHosts) || refusedHosts.length > MAX_REFUSED_HOSTS * calls.length)
    return 'it reports more refused hosts than calls can meet';
  if (!refusedHosts.every(isRefusedHost)) return 'it reports a refused host that is none';
  return outcomesProblem(calls, result.outcomes);
}

/** Why this cannot be a workspace, or null. */
export function workspaceProblem(workspace: Workspace): string | null {
  if (!isObject(workspace)) return 'it comes without a workspace';
  const { host, keyThumbprint, tree, head, content, checkpoint } = workspace;
  if (!isShort(host) || host === '' || !isShort(keyThumbprint)) return 'its workspace names no host';
  if (!isHex(tree) || !isHex(head)) return 'its workspace has no tree';
  if (checkpoint !== undefined && !isCheckpoint(checkpoint)) return 'its workspace has no checkpoint';
  return content === undefined || isHex(content) ? null : 'its workspace has no content';
}

/** Why this cannot be a workspace that was prepared, or null. */
export function preparationProblem(workspace: PreparedWorkspace): string | null {
  const problem = workspaceProblem(workspace);
  if (problem) return problem;
  const { rebuilding } = workspace;
  if (rebuilding === undefined) return null;
  const wrong = 'it does not say how the workspace was made again';
  switch (isObject(rebuilding) && rebuilding.kind) {
    case 'kept':
      return null;
    case 'cloned':
      return rebuilding.kind === 'cloned' && REASONS.has(rebuilding.why) ? null : wrong;
    case 'restored':
      return rebuilding.kind === 'restored' && isNotKept(rebuilding.notKept) ? null : wrong;
    default:
      return wrong;
  }
}

const REASONS: ReadonlySet<unknown> = new Set(['no-checkpoint', 'checkpoint-unreadable', 'history-gone']);
const MAX_NOT_KEPT = 20;

function isNotKept(notKept: unknown): boolean {
  if (!isObject(notKept)) return false;
  return [notKept.ignored, notKept.tooLarge, notKept.withheld ?? []].every(
    (names) =>
      Array.isArray(names) &&
      names.length <= MAX_NOT_KEPT &&
      names.every((name) => typeof name === 'string' && name.length <= MAX_PATH_LENGTH),
  );
}

function isCheckpoint(checkpoint: unknown): boolean {
  if (!isObject(checkpoint)) return false;
  const { artifact, isCurrent } = checkpoint;
  return (artifact === null || isHex(artifact)) && typeof isCurrent === 'boolean';
}

/** One outcome for each call, and of kinds that executing gives: refusals and answers are not a worker's to say. */
function outcomesProblem(calls: readonly GatedCall[], outcomes: readonly CallOutcome[]): string | null {
  if (!isArray(outcomes) || outcomes.length !== calls.length || !outcomes.every(isObject))
    return `it does not hold ${calls.length} outcomes`;
  const isAnswered = calls.every(({ callId }) => outcomes.some((outcome) => outcome.callId === callId));
  if (!isAnswered) return 'it holds outcomes of other calls';
  return outcomes.every(isExecuted) ? null : 'it holds an outcome that no execution has';
}

function isExecuted(outcome: CallOutcome): boolean {
  if (typeof outcome.text !== 'string' || outcome.text.length > MAX_OUTCOME_LENGTH) return false;
  switch (outcome.kind) {
    case 'unknown':
      return true;
    case 'done':
    case 'failed':
      return (
        (outcome.exitCode === undefined || Number.isInteger(outcome.exitCode)) &&
        (outcome.artifact === undefined || isHex(outcome.artifact))
      );
    default:
      return false;
  }
}

const MAX_NAME_LENGTH = 1_000;
const MAX_PATH_LENGTH = 4_096;

function isCall(call: unknown): boolean {
  return isObject(call) && isShort(call.id) && typeof call.tool === 'string' && typeof call.args === 'string';
}

function isRefusedHost(refused: unknown): boolean {
  return isObject(refused) && isShort(refused.host) && Number.isInteger(refused.port);
}

function isAmount(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isShort(value: unknown): boolean {
  return typeof value === 'string' && value.length <= MAX_NAME_LENGTH;
}

function isHex(value: unknown): boolean {
  return typeof value === 'string' && /^[0-9a-f]{40,64}$/.test(value);
}

function isArray(value: unknown): boolean {
  return Array.isArray(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
