import { isCancellation } from '@temporalio/workflow';
import type { ProbeResult } from '../src/domain/probe';
import type { GatedCall, Grant, Workspace } from '../src/domain/steps';
import { proberOn } from './activities';
import { executionProblem } from './worker-answers';

/**
 * Asks the host that has the run's workspace now what became of a call on one that is lost: the tool's probe looks, and
 * nothing is started. Whatever goes wrong with that, nobody knows what became of it.
 *
 * @throws a cancellation, when the run is stopped meanwhile
 */
export async function probed(
  runId: string,
  workspace: Workspace,
  { token }: Grant,
  gated: GatedCall,
  pass: string | undefined,
): Promise<ProbeResult> {
  const { call } = gated;
  if (!call) return UNKNOWN;
  try {
    const prober = proberOn(workspace.host, call.tool);
    const input = { runId, grant: token, calls: [call], ...(pass === undefined ? {} : { pass }) };
    const result = await prober.probeTool(input);
    return believable(gated, workspace, result) ? result : UNKNOWN;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return UNKNOWN;
  }
}

const UNKNOWN: ProbeResult = { kind: 'unknown' };

function believable(gated: GatedCall, before: Workspace, result: ProbeResult): boolean {
  switch (result?.kind) {
    case 'finished': {
      const { outcome, workspace } = result;
      const execution = { outcomes: [outcome], workspace, refusedHosts: [] };
      return executionProblem([gated], before, execution) === null && outcome.kind !== 'unknown';
    }
    case 'not-started':
    case 'unknown':
      return true;
    default:
      return false;
  }
}
