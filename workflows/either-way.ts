import { ActivityFailure, ApplicationFailure, isCancellation, TemporalFailure } from '@temporalio/workflow';

/**
 * Runs a quick control activity beside the workflow; when that does not end in time or fails, the same as a regular
 * activity, which waits for the database as long as it must.
 */
export async function eitherWay<Input, Output>(
  local: (input: Input) => Promise<Output>,
  regular: (input: Input) => Promise<Output>,
  input: Input,
): Promise<Output> {
  try {
    return await local(input);
  } catch (error) {
    if (isCancellation(error) || !(error instanceof TemporalFailure) || isFinal(error)) throw error;
    return regular(input);
  }
}

/** A local activity's failure comes as it was thrown, a timeout of it perhaps inside an ActivityFailure. */
function isFinal(error: TemporalFailure): boolean {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure && cause.nonRetryable === true;
}
