/** One promise, measured. */
export interface Figure {
  what: string;
  /** As measured, with its unit and what it was measured beside. */
  measured: string;
  /** The promise in words. */
  promised: string;
  isKept: boolean;
}

/** A part of `npm run bench:sandbox`. */
export type Part = () => Promise<Figure[]>;
