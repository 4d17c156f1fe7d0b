import { ApplicationFailure, TemporalFailure } from '@temporalio/common';
import { GatehouseError, publicMessage } from '../src/domain/errors';

/** Codes of failures that heal by themselves: Temporal tries again. Every other GatehouseError is final. */
const TRANSIENT: ReadonlySet<string> = new Set([
  'artifact-store-unavailable',
  'broker-unavailable',
  'database-unreachable',
  'workspace-busy',
]);

/**
 * A failure as Temporal shows it: the public text, with the code as its type; the cause stays inside. What is not a
 * GatehouseError is a defect or an outage and is tried again.
 */
export function toFailure(error: unknown): Error {
  if (error instanceof TemporalFailure) return error;
  const code = error instanceof GatehouseError ? error.code : null;
  return ApplicationFailure.create({
    message: publicMessage(error),
    type: code ?? 'internal',
    cause: error instanceof Error ? error : undefined,
    nonRetryable: code !== null && !TRANSIENT.has(code),
  });
}
