import type { CallOutcome } from '../src/domain/call';
import { passFor } from './artifact-passes';
import { executeCalls, outcomeWithout } from './execute-calls';
import { type GateParts, gateWhenLetGo } from './gate';
import { refusalOf } from './outcomes';
import type { RunState } from './run-state';
import { afterLoss, leaveLostHost } from './workspace';

/** Executes reads that were to ride on the next turn as an activity instead: the channel is off. */
export async function executeRiding(parts: GateParts): Promise<void> {
  const { run } = parts;
  const { riding, facts } = run;
  if (!riding || !facts.workspace) return;
  const gated = await gateWhenLetGo(
    parts,
    riding.calls.flatMap((each) => each.call ?? []),
    {},
  );
  const granted = gated.calls.filter((each) => gated.grant?.callIds.includes(each.callId));
  const outcomes = gated.calls.filter((each) => !granted.includes(each)).map(refusalOf);
  if (gated.grant && granted.length > 0) {
    const pass = await passFor(run, { role: 'sandbox', keyThumbprint: facts.workspace.keyThumbprint });
    const execution = await executeCalls(
      run.input.runId,
      facts.workspace,
      gated.grant,
      granted,
      pass,
      run.pinned.isEncrypted,
    );
    if (execution.kind === 'stale') {
      if (execution.why === 'pass') run.passes.clear();
      return executeRiding(parts);
    }
    if (execution.kind === 'not-taken') {
      const isElsewhere = await leaveLostHost(run, execution.since);
      await executeRiding(parts);
      // Later reads may have a channel to the new host.
      if (isElsewhere) run.channel = run.pinned.channel;
      return;
    }
    if (execution.kind === 'ran') outcomes.push(...execution.result.outcomes);
    else {
      const isLost = execution.kind === 'not-run' && execution.isWorkspaceLost;
      const told = isLost ? await afterLoss(run, execution) : execution;
      outcomes.push(...granted.map(({ callId }) => outcomeWithout(callId, told)));
    }
  }
  settleRiding(run, outcomes);
}

/** Counts the riding reads and tells of them; whichever way they ran, the model and listeners see the same. */
export function settleRiding(run: RunState, outcomes: readonly CallOutcome[]): void {
  for (const gated of run.riding?.calls ?? []) {
    const outcome = outcomes.find((each) => each.callId === gated.callId);
    if (!outcome) throw new TypeError(`call ${gated.callId} was read without an outcome`);
    if (outcome.kind === 'refused') run.budget.release(gated.use ?? undefined);
    else {
      run.budget.commit(gated.use ?? undefined);
      run.learn(gated, outcome, false);
    }
    run.noteOutcome(gated.call?.tool ?? '', outcome);
  }
  run.transcript.settle(outcomes);
  run.riding = null;
}
