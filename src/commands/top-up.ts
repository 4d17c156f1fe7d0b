import { submitTopUp } from '../../workflows/messages';
import type { Receipt } from '../domain/approval';
import type { AgentBudget, TopUp } from '../domain/budget';
import { GatehouseError } from '../domain/errors';
import { topUpProblem } from '../domain/top-up';
import { topUpWord } from '../identity/words';
import type { CommandDependencies } from './dependencies';
import { requireOpenRun } from './find-run';
import { signatureOf, speakerOf } from './speaker';
import { accepted } from './submit';

export interface TopUpRequest {
  runId: string;
  /** What to add to its limits. */
  budget: Partial<AgentBudget>;
  by?: string;
}

/**
 * Adds to a run's limits; an approval of a top-up that waits is answered by it.
 *
 * @throws GatehouseError `top-up-malformed`, `speaker-other`, `run-unknown`, `run-ended`, `refused`,
 *   `control-unreachable`
 */
export const createTopUp =
  (dependencies: Pick<CommandDependencies, 'organizationId' | 'runs' | 'temporal' | 'signer'>) =>
  async ({ runId, budget, by }: TopUpRequest): Promise<{ status: string }> => {
    const { organizationId, temporal } = dependencies;
    const problem = topUpProblem(budget);
    if (problem) throw new GatehouseError('top-up-malformed', problem);
    const speaker = speakerOf(dependencies, by);
    await requireOpenRun(dependencies, runId);
    const signed = signatureOf(dependencies, () => topUpWord({ organizationId, runId }, budget));
    const topUp: TopUp = { budget, by: speaker ?? 'unknown', ...signed };
    return accepted(() =>
      temporal.askRun(runId, (handle) =>
        handle.executeUpdate<Receipt, [TopUp]>(submitTopUp, { args: [topUp] }),
      ),
    );
  };
