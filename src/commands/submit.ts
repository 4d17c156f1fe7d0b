import { ApplicationFailure, WorkflowUpdateFailedError } from '@temporalio/client';
import type { Receipt } from '../domain/approval';
import { GatehouseError } from '../domain/errors';

/**
 * Sends a person's word as an update and gives what it came to.
 *
 * @throws GatehouseError `refused` with the run's own reason
 */
export async function accepted(update: () => Promise<Receipt>): Promise<{ status: string }> {
  let receipt: Receipt;
  try {
    receipt = await update();
  } catch (error) {
    const reason = rejection(error);
    if (reason === null) throw error;
    throw new GatehouseError('refused', reason, { cause: error });
  }
  if (!receipt.accepted) throw new GatehouseError('refused', receipt.reason);
  return { status: receipt.status };
}

/** What a validator said. */
function rejection(error: unknown): string | null {
  if (!(error instanceof WorkflowUpdateFailedError)) return null;
  return error.cause instanceof ApplicationFailure ? error.cause.message : error.message;
}
