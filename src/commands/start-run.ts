import { randomInt } from 'node:crypto';
import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
} from '@temporalio/client';
import { AGENT_RUN, queues, searchAttributes } from '../../workflows/messages';
import type { Agent } from '../domain/agent';
import { canonicalJson } from '../domain/canonical-json';
import { GatehouseError } from '../domain/errors';
import { sha256 } from '../domain/hashing';
import { type RunInput, workflowIdOf } from '../domain/run';
import { tierName } from '../domain/tier';
import { visibleLines, visibleText } from '../domain/visible-text';
import { readRunInput } from '../policy/run-input';
import type { CommandDependencies } from './dependencies';
import { requireNotStopped } from './halt';
import { requireRepository } from './require-repository';

/** The input of a run without what is found here; `repo` is an absolute path, or a URL. */
export interface StartRunRequest extends Omit<RunInput, 'runId' | 'organizationId'> {
  /** The same key starts one run, however often it is sent. */
  idempotencyKey?: string;
}

export interface StartedRun {
  runId: string;
  workflowId: string;
  /** False when this key had started it before. */
  isNew: boolean;
  /** It waits for its agent or organization to be resumed. */
  isPaused: boolean;
}

/** In UTF-8 bytes; Temporal ends a workflow whose input is over 2 MiB. */
const MAX_INPUT_BYTES = 1_000_000;

/**
 * Starts a run.
 *
 * Where agent or organization is paused, it is queued until they are resumed.
 *
 * @throws GatehouseError `halted` where they are stopped, `agent-unknown`, `prompt-empty`, `input-too-large`, `repository-unavailable`,
 *   `idempotency-key-reused`, `database-unreachable`, `temporal-unreachable`
 */
export const createStartRun =
  ({
    organizationId,
    agents,
    halts,
    temporal,
  }: Pick<CommandDependencies, 'organizationId' | 'agents' | 'halts' | 'temporal'>) =>
  async (request: StartRunRequest): Promise<StartedRun> => {
    const { idempotencyKey, ...asked } = request;
    const agent = await requireAgent(organizationId, request.agent);
    if (request.prompt.trim() === '')
      throw new GatehouseError('prompt-empty', 'a run needs a prompt that says what to do');
    const halt = await requireNotStopped({ organizationId, halts }, agent.name);
    if (request.repo !== undefined) await requireRepository(request.repo);
    const runId = idempotencyKey === undefined ? newRunId() : runIdOf(organizationId, idempotencyKey);
    const input = readRunInput({ ...asked, runId, organizationId }, workflowIdOf(runId));
    const inputHash = sha256(canonicalJson(withoutUndefined(input)));
    if (Buffer.byteLength(JSON.stringify(input)) > MAX_INPUT_BYTES)
      throw new GatehouseError(
        'input-too-large',
        `prompt and attachments together are over ${MAX_INPUT_BYTES} bytes`,
      );
    const workflowId = workflowIdOf(runId);
    try {
      await temporal.within(() =>
        temporal.client.workflow.start(AGENT_RUN, {
          workflowId,
          taskQueue: queues.control,
          args: [input],
          // A worker that was killed is noticed after this, not after 10 s.
          workflowTaskTimeout: '3s',
          workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
          workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
          typedSearchAttributes: [
            { key: searchAttributes.organization, value: organizationId },
            { key: searchAttributes.agent, value: agent.name },
            { key: searchAttributes.status, value: halt === 'paused' ? 'PAUSED' : 'QUEUED' },
            { key: searchAttributes.tier, value: tierName(agent.tier) },
          ],
          memo: { inputHash, requestedBy: request.requestedBy },
          staticSummary: summaryOf(input, agent, temporal.isEncrypted),
          staticDetails: detailsOf(input, agent, temporal.isEncrypted),
        }),
      );
      return { runId, workflowId, isNew: true, isPaused: halt === 'paused' };
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      await requireSameInput(runId, inputHash);
      return { runId, workflowId, isNew: false, isPaused: halt === 'paused' };
    }

    async function requireAgent(organization: string, name: string): Promise<Agent> {
      const found = await agents.get(organization, name);
      if (found) return found;
      const names = (await agents.list(organization)).map(({ definition }) => `\`${definition.name}\``);
      throw new GatehouseError(
        'agent-unknown',
        `there is no agent \`${visibleText(name, 80)}\`; ${names.length > 0 ? `there are ${names.join(', ')}` : 'none is stored yet, see `gatehouse agents apply`'}`,
      );
    }

    async function requireSameInput(id: string, hash: string): Promise<void> {
      const { memo } = await temporal.onRun(id, (handle) => handle.describe());
      if (memo?.inputHash === hash) return;
      throw new GatehouseError(
        'idempotency-key-reused',
        `this key started run \`${id}\` with another input; use a new key for another run`,
      );
    }
  };

// Without letters that look alike; read aloud and typed by people.
const RUN_ID_LETTERS = '23456789abcdefghjkmnpqrstuvwxyz';
const RUN_ID_LENGTH = 12;

function newRunId(): string {
  return Array.from({ length: RUN_ID_LENGTH }, () => RUN_ID_LETTERS[randomInt(RUN_ID_LETTERS.length)]).join(
    '',
  );
}

function runIdOf(organizationId: string, idempotencyKey: string): string {
  return sha256(canonicalJson([organizationId, idempotencyKey])).slice(0, 32);
}

function withoutUndefined(input: RunInput): unknown {
  return JSON.parse(JSON.stringify(input));
}

/** What an encrypted run says of itself beside its payloads holds nothing of what it is about. */
function summaryOf(input: RunInput, agent: Agent, isEncrypted: boolean): string {
  return visibleText(isEncrypted ? agent.name : `${agent.name}: ${input.prompt}`, 100);
}

/** Shown in the Temporal UI as Markdown. */
function detailsOf(input: RunInput, agent: Agent, isEncrypted: boolean): string {
  if (isEncrypted) return `Agent \`${agent.name}\` (${tierName(agent.tier)})`;
  return [
    `Agent \`${agent.name}\` (${tierName(agent.tier)}), asked by \`${visibleText(input.requestedBy, 80)}\``,
    ...(input.repo ? [`Repository \`${visibleText(input.repo, 200)}\``] : []),
    '',
    '```',
    visibleLines(input.prompt, 2_000).replaceAll('`', "'"),
    '```',
  ].join('\n');
}
