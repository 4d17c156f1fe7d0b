import type { ToolCall } from '../src/domain/call';
import { eventsOfGate, type GateInput, type GateResult } from '../src/domain/steps';
import { visibleText } from '../src/domain/visible-text';
import { control, localControl, summarized } from './activities';
import { eitherWay } from './either-way';
import type { Exclusive } from './exclusive';
import type { RunState } from './run-state';
import type { Waiting } from './waiting';

/** What a gate is asked with. */
export interface GateParts {
  run: RunState;
  exclusively: Exclusive;
  waiting: Waiting;
}

/** As {@link gate}; while the run is halted it waits, and asks again. @throws RunStoppedError when it is stopped */
export async function gateWhenLetGo(
  parts: GateParts,
  calls: ToolCall[],
  approvals: Record<string, string>,
): Promise<GateResult> {
  for (;;) {
    const result = await gate(parts.run, parts.exclusively, calls, approvals);
    if (!result.halt) return result;
    await parts.waiting.whileHalted(result.halt);
  }
}

const MAX_SUMMARY_LENGTH = 100;

/**
 * Asks the policy gate about calls, all in one evaluation. Decisions, approvals and grants are committed before it
 * answers.
 *
 * @param approvals ids of approvals given in this run, by call
 */
export function gate(
  run: RunState,
  exclusively: Exclusive,
  calls: ToolCall[],
  approvals: Record<string, string>,
): Promise<GateResult> {
  return exclusively(async () => {
    const input = gateInputOf(run, calls, approvals);
    try {
      const summary = visibleText(calls.map((call) => call.tool).join(', '), MAX_SUMMARY_LENGTH);
      const local = (input: GateInput) =>
        localControl.gate.executeWithOptions(summarized.local(summary), [input]);
      const regular = (input: GateInput) =>
        control.gate.executeWithOptions(summarized.regular(summary), [input]);
      return await eitherWay(local, regular, input);
    } catch (error) {
      run.returnEvents(input.events);
      throw error;
    }
  });
}

/** What the gate is asked now. It takes the run's events along: give them back when it did not record them. */
export function gateInputOf(run: RunState, calls: ToolCall[], approvals: Record<string, string>): GateInput {
  const events = run.takeEvents();
  return {
    runId: run.input.runId,
    organizationId: run.input.organizationId,
    snapshot: run.pinned.snapshot,
    turn: run.turn,
    step: run.nextStep(),
    calls,
    audience: run.channel ? 'channel' : 'activity',
    approvals,
    facts: run.facts,
    observations: run.observations,
    events,
    firstSequence: run.takeSequence(eventsOfGate(events.length, calls.length)),
    usage: run.budget.snapshot(),
  };
}
