import { patched } from '@temporalio/workflow';
import type { PassBearer, PassRequest } from '../src/domain/artifact-pass';
import { control, localControl } from './activities';
import { eitherWay } from './either-way';
import type { RunState } from './run-state';

/** How long work must still be able to begin with a pass that is handed out, in milliseconds. */
const LEAST_MS = 10 * 60_000;

/**
 * The pass that a worker reaches the run's artifacts with. Kept until it is nearly over, so that most turns cost nothing
 * for it; undefined in the part of a run that went before there were passes.
 */
export async function passFor(run: RunState, bearer: PassBearer): Promise<string | undefined> {
  const name = JSON.stringify(bearer);
  const known = run.passes.get(name);
  if (known && known.usableUntil - Date.now() > LEAST_MS) return known.token;
  if (!patched('artifact-passes')) return undefined;
  const { runId, organizationId } = run.input;
  const request: PassRequest = { runId, organizationId, bearer };
  const pass = await eitherWay(localControl.artifactPass, control.artifactPass, request);
  run.passes.set(name, pass);
  return pass.token;
}
