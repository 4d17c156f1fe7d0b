import { patched } from '@temporalio/workflow';
import { PASS_OVER } from '../src/domain/artifact-pass';
import type { ToolCall } from '../src/domain/call';
import type { TurnInput, TurnResult } from '../src/domain/steps';
import { runner, runnerOptions } from './activities';
import { passFor } from './artifact-passes';
import { codeOf } from './failures';
import { type GateParts, gateWhenLetGo } from './gate';
import { executeRiding, settleRiding } from './riding-reads';
import type { RunState } from './run-state';
import { RunStoppedError } from './waiting';
import { turnProblem } from './worker-answers';

/** What the model said. */
export interface ModelTurn {
  text: string;
  calls: ToolCall[];
}

/** How often the grant of riding reads is renewed for one turn before it is given up. */
const MAX_RENEWALS = 5;

/**
 * One model turn: the runner gets what is new, has the granted reads executed over the channel, and asks the model.
 * Where the channel is off or lost, the reads run as an activity in the sandbox first: same results.
 */
export async function takeTurn(parts: GateParts): Promise<ModelTurn> {
  const { run } = parts;
  run.turn++;
  for (let renewals = 0; ; renewals++) {
    if (run.riding && !run.channel) await executeRiding(parts);
    try {
      return accept(run, await ask(run));
    } catch (error) {
      const code = codeOf(error);
      if (code !== null && PASS_OVER.has(code) && renewals < MAX_RENEWALS && patched('artifact-passes')) {
        run.passes.clear();
        continue;
      }
      if (!run.riding || renewals >= MAX_RENEWALS) throw error;
      if (code === 'channel-unavailable') run.channel = false;
      // The activity is told the same, and has the workspace made again.
      else if (code === 'workspace-missing' && patched('lost-host')) run.channel = false;
      else if (code === 'grant-expired') await renew(parts);
      else throw error;
    }
  }
}

async function ask(run: RunState): Promise<TurnResult> {
  const { riding } = run;
  const { workspace } = run.facts;
  const pass = await passFor(run, { role: 'runner' });
  const hostPass =
    riding && workspace
      ? await passFor(run, { role: 'sandbox', keyThumbprint: workspace.keyThumbprint })
      : undefined;
  const input: TurnInput = {
    runId: run.input.runId,
    turn: run.turn,
    snapshot: run.pinned.snapshot,
    base: run.transcript.position,
    news: run.transcript.news,
    reads: riding && {
      grant: riding.grant.token,
      ...(hostPass === undefined ? {} : { pass: hostPass }),
      host: workspace?.host ?? '',
      calls: riding.calls.flatMap((gated) => gated.call ?? []),
    },
    ...(pass === undefined ? {} : { pass }),
  };
  const reading = riding ? `, after ${riding.calls.map((gated) => gated.call?.tool).join(', ')}` : '';
  return runner.takeTurn.executeWithOptions(
    { ...runnerOptions, summary: `turn ${run.turn}${reading}`.slice(0, 200) },
    [input],
  );
}

function accept(run: RunState, result: TurnResult): ModelTurn {
  const problem = turnProblem(run.riding?.calls ?? [], result);
  if (problem)
    throw new RunStoppedError('FAILED', `the runner's answer to turn ${run.turn} is none: ${problem}`);
  requireOwnCallIds(run.turn, result.calls);
  if (run.riding) settleRiding(run, result.reads);
  run.transcript.advance(
    { role: 'assistant', text: result.text, calls: result.calls },
    result.hashes.at(-1) ?? '',
  );
  const tokens = result.usage.inputTokens + result.usage.outputTokens;
  run.budget.recordTurn(tokens);
  run.note({
    type: 'turn',
    data: { turn: run.turn, text: result.text.slice(0, 2_000), calls: result.calls.length, tokens },
  });
  return { text: result.text, calls: result.calls };
}

/** Outcomes, approvals, grants and the sandbox's journal go by call id: no turn may use one again. */
function requireOwnCallIds(turn: number, calls: readonly ToolCall[]): void {
  const ids = new Set(calls.map((call) => call.id));
  if (ids.size === calls.length && calls.every((call) => call.id.startsWith(`t${turn}c`))) return;
  throw new RunStoppedError('FAILED', `the runner gave the calls of turn ${turn} ids that are not their own`);
}

/** The reads waited too long for their turn: gated again, they get a new grant or are refused. */
async function renew(parts: GateParts): Promise<void> {
  const { run } = parts;
  const { riding } = run;
  if (!riding) return;
  const calls = riding.calls.flatMap((gated) => gated.call ?? []);
  const gated = await gateWhenLetGo(parts, calls, {});
  const isWhole = gated.grant?.audience === 'channel' && gated.grant.callIds.length === calls.length;
  if (isWhole && gated.grant) run.riding = { calls: gated.calls, grant: gated.grant };
  else run.channel = false;
}
