import type { ApprovalOutcome } from '../domain/approval';
import type { Finding } from '../domain/decision';

/** What one person said about an approval. */
export interface Vote {
  by: string;
  verdict: 'approve' | 'deny';
  /** Edited arguments as RFC 8785 JSON; null for those shown. */
  args: string | null;
  reason: string;
  /** Whether a signature or key proved who it was. */
  isVerified: boolean;
  /** The break-glass by which it counts alone. */
  breakGlass?: string;
  /** Milliseconds since the epoch. */
  at: number;
}

/** Why a vote cannot count, or null. */
export function refusalOfVote(
  vote: Vote,
  {
    findings,
    votes,
    requestedBy,
    requiresSignatures,
  }: {
    findings: readonly Finding[];
    votes: readonly Vote[];
    requestedBy: string;
    /** An organization that takes people at their word takes it for their roles too; the record says unverified. */
    requiresSignatures: boolean;
  },
): string | null {
  const earlier = votes.find((each) => each.by === vote.by);
  if (earlier && vote.verdict === 'approve') return `\`${vote.by}\` has said \`${earlier.verdict}\` already`;
  if (vote.verdict === 'deny') return null;
  if (findings.some((finding) => finding.fourEyes) && vote.by === requestedBy)
    return 'who asked for the run cannot approve this';
  const role = findings.find((finding) => finding.role !== undefined)?.role;
  if (role !== undefined && requiresSignatures && !vote.isVerified)
    return `this needs an approver with the role \`${role}\`, and nothing proves who decided`;
  return null;
}

/**
 * What the votes together say; null while the quorum is not reached. The first deny settles, and so does an approval of
 * edited arguments, which the gate judges anew.
 */
export function outcomeOfVotes(
  votes: readonly Vote[],
  { findings, args }: { findings: readonly Finding[]; args: string },
): ApprovalOutcome | null {
  const last = votes.at(-1);
  if (!last) return null;
  if (last.verdict === 'deny') return { kind: 'denied', by: last.by, reason: last.reason };
  if (last.args !== null && last.args !== args) return { kind: 'edited', by: last.by, args: last.args };
  const by = [...new Set(votes.filter((vote) => vote.verdict === 'approve').map((vote) => vote.by))];
  const quorum = Math.max(1, ...findings.map((finding) => finding.quorum ?? 1));
  return by.length >= quorum ? { kind: 'approved', by } : null;
}

/** Whether somebody says the same again. */
export function isSameWord(one: Vote, other: Vote): boolean {
  return one.by === other.by && one.verdict === other.verdict && one.args === other.args;
}
