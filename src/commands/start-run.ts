import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
} from '@temporalio/client';
import { AGENT_RUN, queues, searchAttributes } from '../../workflows/messages';
import type { Agent } from '../domain/agent';
import { GatehouseError } from '../domain/errors';
import { type RunInput, workflowIdOf } from '../domain/run';
import { tierName } from '../domain/tier';
import { visibleLines, visibleText } from '../domain/visible-text';
import { prepareStart, requireSameStart, type StartRunRequest } from './check-start';
import type { CommandDependencies } from './dependencies';

export interface StartedRun {
  runId: string;
  workflowId: string;
  /** False when this key had started it before. */
  isNew: boolean;
  /** It waits for its agent or organization to be resumed. */
  isPaused: boolean;
}

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
    const agent = await requireAgent(organizationId, request.agent);
    const { runId, input, inputHash, halt } = await prepareStart({ organizationId, halts }, request);
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
      await requireSameStart(temporal, { runId, inputHash });
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
  };

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
