/** One row that was judged against its label. */
export interface Row {
  id: string;
  isRight: boolean;
  /** What was judged and what the gate said, for `--misses`. */
  told: string;
}

/** A share of rows that must come out right. */
export interface Measure {
  /** Short name of the corpus, as `--only` takes it. */
  on: string;
  what: string;
  /** Smallest share of right rows, from 0 to 1. */
  target: number;
  rows: Row[];
}

/** The share of right rows; a measure without rows has reached nothing. */
export function shareOf({ rows }: Measure): number {
  return rows.length === 0 ? 0 : rows.filter(({ isRight }) => isRight).length / rows.length;
}

export function isReached(measure: Measure): boolean {
  return shareOf(measure) >= measure.target;
}

/** `dcg   'deny' rows not allowed   331/334   99.10 %   99 %   reached`. */
export function lineOf(measure: Measure): string {
  const right = measure.rows.filter(({ isRight }) => isRight).length;
  return [
    measure.on.padEnd(20),
    measure.what.padEnd(58),
    `${right}/${measure.rows.length}`.padStart(9),
    percent(shareOf(measure)).padStart(9),
    `(at least ${percent(measure.target)})`.padEnd(22),
    isReached(measure) ? 'reached' : 'MISSED',
  ].join(' ');
}

// Cut, not rounded: 98.996 % has not reached 99 %.
function percent(share: number): string {
  return `${(Math.floor(share * 10_000) / 100).toFixed(2)} %`;
}
