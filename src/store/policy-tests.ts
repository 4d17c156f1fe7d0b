import type { Prisma } from './generated/client';

/** Of a version's tests, those that count. */
export const latestTests = { orderBy: { sequence: 'desc' }, take: 1 } as const;

/**
 * Keeps the table of cases beside a version, unless it is the one that is kept last.
 *
 * @param published without tests, those that are kept stay
 * @returns whether there was something to keep
 */
export async function recordTests(
  transaction: Prisma.TransactionClient,
  place: { policyId: string; version: number; organizationId: string },
  { tests, publishedBy }: { tests: string | undefined; publishedBy: string },
): Promise<boolean> {
  if (tests === undefined) return false;
  const last = await transaction.customPolicyTests.findFirst({ where: place, ...latestTests });
  if (last?.tests === tests) return false;
  const sequence = (last?.sequence ?? 0) + 1;
  await transaction.customPolicyTests.create({ data: { ...place, sequence, tests, publishedBy } });
  return true;
}
