import type { ChildProcess } from 'node:child_process';
import type { HitLimit } from '../tools/tool';

/** A bubblewrap that was told what to do, and may be killed as one with its process group. */
export interface StartedSandbox {
  child: ChildProcess;
  /** Limits on all of its processes together that were hit. */
  hits(): HitLimit[];
  /** Removes what counted its processes; to be called when it has ended. */
  remove(): void;
}
