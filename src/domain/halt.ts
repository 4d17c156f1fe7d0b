export type Halt = 'none' | 'paused' | 'stopped';

/** What a halt is of; a run is halted when any of the three is. */
export type HaltScope = 'organization' | 'agent' | 'run';

/** A halt that holds, as people see it. */
export interface HaltView {
  halt: Exclude<Halt, 'none'>;
  scope: HaltScope;
  /** Who asked for it; unknown where it was set without a command. */
  by: string;
  reason: string;
  /** Milliseconds since the epoch; null where it was set without a command. */
  since: number | null;
}

/** The strictest of several. */
export function strictestHalt(...halts: readonly Halt[]): Halt {
  if (halts.includes('stopped')) return 'stopped';
  return halts.includes('paused') ? 'paused' : 'none';
}

/** What was done, by whom and why, in one line. */
export function describeHalt({ halt, scope, by, reason }: HaltView): string {
  const what = scope === 'run' ? '' : `the ${scope} is `;
  return `${what}${halt} by ${by}${reason ? `: ${reason}` : ''}`;
}
