import { GatehouseError } from '../domain/errors';
import { describeHalt, type Halt, strictestHalt } from '../domain/halt';
import type { StandingHalts } from '../store/halt-store';
import type { CommandDependencies } from './dependencies';
import { tellHaltedRuns } from './tell-halted-runs';

type Dependencies = Pick<CommandDependencies, 'organizationId' | 'halts' | 'runs' | 'temporal'>;

/** Who pauses, stops (`halt`) or resumes (`none`), and why. */
export interface HaltAsked {
  halt: Halt;
  by: string;
  reason: string;
}

export interface Halted {
  /** False when it was so already. */
  isChanged: boolean;
  /** Open runs that were told; the others find out at their next gate. */
  runsTold: number;
}

/**
 * Pauses or stops every run of an organization, or lets runs go on and start again.
 *
 * @throws GatehouseError `organization-unknown`, `halt-reason-missing`, `temporal-unreachable`
 */
export const createHaltOrganization =
  (dependencies: Dependencies) =>
  async (asked: HaltAsked): Promise<Halted> => {
    requireReason(asked);
    const isChanged = await dependencies.halts.setOrganization(dependencies.organizationId, asked);
    const isStopped = asked.halt === 'stopped';
    return { isChanged, runsTold: await tellHaltedRuns(dependencies, { isStopped }) };
  };

/**
 * As {@link createHaltOrganization}, for the runs of one agent.
 *
 * @throws GatehouseError `agent-unknown`, `halt-reason-missing`, `temporal-unreachable`
 */
export const createHaltAgent =
  (dependencies: Dependencies) =>
  async ({ agent, ...asked }: HaltAsked & { agent: string }): Promise<Halted> => {
    requireReason(asked);
    const isChanged = await dependencies.halts.setAgent(dependencies.organizationId, agent, asked);
    const isStopped = asked.halt === 'stopped';
    return { isChanged, runsTold: await tellHaltedRuns(dependencies, { agent, isStopped }) };
  };

/** What is paused or stopped now, apart from single runs. */
export const createListHalts =
  ({ organizationId, halts }: Pick<CommandDependencies, 'organizationId' | 'halts'>) =>
  (): Promise<StandingHalts> =>
    halts.standing(organizationId);

/** Refuses to start a run that could not go on. @throws GatehouseError `halted` */
export async function requireNotStopped(
  { organizationId, halts }: Pick<CommandDependencies, 'organizationId' | 'halts'>,
  agent: string,
): Promise<Halt> {
  const found = await halts.read({ organizationId, agent, runId: '' });
  if (found?.halt !== 'stopped') return strictestHalt(found?.halt ?? 'none');
  const resume = found.scope === 'agent' ? `--agent ${agent}` : '--all';
  throw new GatehouseError(
    'halted',
    `no run may start: ${describeHalt(found)}; \`gatehouse resume ${resume}\` lets runs start again`,
  );
}

function requireReason({ halt, reason }: HaltAsked): void {
  if (halt !== 'none' && reason.trim() === '')
    throw new GatehouseError('halt-reason-missing', 'whoever halts runs says why; the reason is empty');
}
