import { randomInt } from 'node:crypto';
import { canonicalJson } from '../domain/canonical-json';
import { GatehouseError } from '../domain/errors';
import type { Halt } from '../domain/halt';
import { sha256 } from '../domain/hashing';
import { type RunInput, workflowIdOf } from '../domain/run';
import { readRunInput } from '../policy/run-input';
import type { CommandDependencies } from './dependencies';
import { requireNotStopped } from './halt';
import { requireRepository } from './require-repository';

/** The input of a run without what is found here; `repo` is an absolute path, or a URL. */
export interface StartRunRequest extends Omit<RunInput, 'runId' | 'organizationId'> {
  /** The same key starts one run, however often it is sent. */
  idempotencyKey?: string;
}

/** A run that can be started, but for its agent. */
export interface PreparedStart {
  runId: string;
  input: RunInput;
  inputHash: string;
  halt: Halt;
}

/** In UTF-8 bytes; Temporal ends a workflow whose input is over 2 MiB. */
const MAX_INPUT_BYTES = 1_000_000;

/**
 * Refuses what could not start, and stores nothing: for whoever stores an agent first.
 *
 * @throws GatehouseError as starting it, but for `agent-unknown`
 */
export const createCheckStart =
  ({ organizationId, halts, temporal }: Pick<CommandDependencies, 'organizationId' | 'halts' | 'temporal'>) =>
  async (request: StartRunRequest): Promise<void> => {
    const start = await prepareStart({ organizationId, halts }, request);
    if (request.idempotencyKey === undefined) return;
    await requireSameStart(temporal, start).catch((error) => {
      if (!(error instanceof GatehouseError && error.code === 'run-unknown')) throw error;
    });
  };

/** @throws GatehouseError `halted`, `prompt-empty`, `input-too-large`, `repository-unavailable` */
export async function prepareStart(
  { organizationId, halts }: Pick<CommandDependencies, 'organizationId' | 'halts'>,
  { idempotencyKey, ...asked }: StartRunRequest,
): Promise<PreparedStart> {
  if (asked.prompt.trim() === '')
    throw new GatehouseError('prompt-empty', 'a run needs a prompt that says what to do');
  const halt = await requireNotStopped({ organizationId, halts }, asked.agent);
  if (asked.repo !== undefined) await requireRepository(asked.repo);
  const runId = idempotencyKey === undefined ? newRunId() : keyedRunId(organizationId, idempotencyKey);
  const input = readRunInput({ ...asked, runId, organizationId }, workflowIdOf(runId));
  if (Buffer.byteLength(JSON.stringify(input)) > MAX_INPUT_BYTES)
    throw new GatehouseError(
      'input-too-large',
      `prompt and attachments together are over ${MAX_INPUT_BYTES} bytes`,
    );
  return { runId, input, inputHash: sha256(canonicalJson(withoutUndefined(input))), halt };
}

/** @throws GatehouseError `idempotency-key-reused` where the run was started with another input, `run-unknown` */
export async function requireSameStart(
  temporal: CommandDependencies['temporal'],
  { runId, inputHash }: Pick<PreparedStart, 'runId' | 'inputHash'>,
): Promise<void> {
  const { memo } = await temporal.onRun(runId, (handle) => handle.describe());
  if (memo?.inputHash === inputHash) return;
  throw new GatehouseError(
    'idempotency-key-reused',
    `this key started run \`${runId}\` with another input; use a new key for another run`,
  );
}

// Without letters that look alike; read aloud and typed by people.
const RUN_ID_LETTERS = '23456789abcdefghjkmnpqrstuvwxyz';
const RUN_ID_LENGTH = 12;

function newRunId(): string {
  return Array.from({ length: RUN_ID_LENGTH }, () => RUN_ID_LETTERS[randomInt(RUN_ID_LETTERS.length)]).join(
    '',
  );
}

function keyedRunId(organizationId: string, idempotencyKey: string): string {
  return sha256(canonicalJson([organizationId, idempotencyKey])).slice(0, 32);
}

function withoutUndefined(input: RunInput): unknown {
  return JSON.parse(JSON.stringify(input));
}
