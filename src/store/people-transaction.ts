import type { ApprovalOutcome } from '../domain/approval';
import { GatehouseError } from '../domain/errors';
import type { Prisma } from './generated/client';

/** One word about a run at a time, so that no vote is counted beside another. @throws GatehouseError `run-unknown` */
export async function lockRun(transaction: Prisma.TransactionClient, runId: string): Promise<void> {
  const found = await transaction.$executeRaw`SELECT FROM "Run" WHERE "id" = ${runId} FOR NO KEY UPDATE`;
  if (found === 0) throw new GatehouseError('run-unknown', `there is no run \`${runId}\``);
}

/** What an approval's row says once it is settled. */
export function settledAs(outcome: ApprovalOutcome, at: number) {
  return { status: outcome.kind, outcome: json(outcome), settledAt: new Date(at) };
}

/** A person's word that does not count, and why. */
export function refused(reason: string): { accepted: false; reason: string } {
  return { accepted: false, reason };
}

export function json(value: object): Prisma.InputJsonValue {
  return value as Prisma.InputJsonValue;
}
