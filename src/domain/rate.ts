/** A sliding window that a call counts against, from an organization rule with `@rate`. */
export interface RateDemand {
  /** Names the rule, as its finding would. */
  rule: string;
  /** Public text of the rule, for the reason. */
  message: string;
  /** What shares one window. */
  per: 'organization' | 'agent' | 'tool';
  /** Most calls within the window. */
  limit: number;
  windowMs: number;
  /** Set where a call beyond the limit is put on record, and not deferred. */
  isObserved?: boolean;
}
