import type { HaltView } from '../domain/halt';
import type { RunStatus } from '../domain/run';

export interface HaltToNote {
  runId: string;
  organizationId: string;
  agent: string;
  /** The halt the run knows of. */
  known: HaltView | null;
  /** What the run shows while nothing halts it. */
  status: RunStatus;
  /** The event number from here is free. */
  firstSequence: number;
}

/** Where halts are kept: the truth that gates read, and that signals only make faster. */
export interface HaltReader {
  /** The halt that holds a run, whether or not it is dispatched yet; null for none. */
  read(run: { runId: string; organizationId: string; agent: string }): Promise<HaltView | null>;
  /** As `read`; tells listeners of the run where it differs from what the run knows. */
  note(halt: HaltToNote): Promise<HaltView | null>;
}
