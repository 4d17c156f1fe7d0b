/** How much an agent may do on its own. Each tier includes those below it. */
export enum AutonomyTier {
  /** Read-only. Can analyze, summarize, recommend. */
  OBSERVE = 0,
  /** Can suggest changes but not execute. */
  RECOMMEND = 1,
  /** Can create PRs. No direct execution. */
  DRAFT = 2,
  /** Can execute in isolated sandbox. */
  SANDBOX = 3,
  /** Can execute in prod WITH human approval. */
  PROD_GATED = 4,
}

export type TierName = keyof typeof AutonomyTier;

export const tierNames = [
  'OBSERVE',
  'RECOMMEND',
  'DRAFT',
  'SANDBOX',
  'PROD_GATED',
] as const satisfies TierName[];

/** The name people write for a tier: `tierName(2)` is `DRAFT`. */
export function tierName(tier: AutonomyTier): TierName {
  return AutonomyTier[tier] as TierName;
}
