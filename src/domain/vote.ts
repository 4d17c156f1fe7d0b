/** What one person said about an approval, and what is known of them. */
export interface Vote {
  by: string;
  verdict: 'approve' | 'deny';
  /** Edited arguments as RFC 8785 JSON; null for those shown. */
  args: string | null;
  reason: string;
  /** Approved for the rest of the run. */
  scope: 'once' | 'run';
  /** The roles they had then; null where an organization takes people at their word, and for their roles too. */
  roles: string[] | null;
  /** What proved who it was. */
  proof: VoteProof;
  /** Whether a signature or key proved who it was. */
  isVerified: boolean;
  /** They asked for the run and are its only operator: what four eyes would have refused. */
  waived?: 'four-eyes';
  /** The break-glass by which it counts alone. */
  breakGlass?: string;
  /** Milliseconds since the epoch. */
  at: number;
}

/** A person's own key, the API that had authenticated them, or nothing. */
export type VoteProof = { kind: 'own-key' | 'api'; key: string } | { kind: 'none' };

/** Votes as they are stored; those of earlier releases say less. */
export function votesOf(stored: unknown): Vote[] {
  if (!Array.isArray(stored)) return [];
  return stored.map((vote: Partial<Vote> & Pick<Vote, 'by' | 'verdict' | 'at'>) => ({
    args: null,
    reason: '',
    scope: 'once',
    roles: null,
    proof: { kind: 'none' },
    isVerified: false,
    ...vote,
  }));
}
