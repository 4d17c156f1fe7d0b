import { writeSync } from 'node:fs';

/** Takes lines for a descriptor. */
export interface PatientOutput {
  write(line: string): void;
}

/** How much waits while there is no room to write to. What comes after it is lost. */
const MOST_WAITING_BYTES = 1024 * 1024;
/** How long one that is full for the moment is left alone, in milliseconds; a disk is tried again at the next line. */
const AGAIN_AFTER_MS = 50;

/**
 * Writes lines at once, and never fails: what finds no room waits, is written before the next line for which there is some,
 * and past a megabyte is lost.
 *
 * @param onRoom told how many lines were lost, once there is room again
 */
export function createPatientOutput(descriptor: number, onRoom: (lost: number) => void): PatientOutput {
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let lost = 0;
  let isDue = false;

  /** Whether all of it is written. */
  function flush(): boolean {
    try {
      for (let [first] = waiting; first; [first] = waiting) {
        const written = writeSync(descriptor, first);
        waitingBytes -= written;
        waiting = written < first.length ? [first.subarray(written), ...waiting.slice(1)] : waiting.slice(1);
      }
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EAGAIN' && !isDue) {
        isDue = true;
        setTimeout(again, AGAIN_AFTER_MS).unref();
      }
      return false;
    }
  }

  function again(): void {
    isDue = false;
    flush();
  }

  return {
    write(line) {
      if (waiting.length > 0 && flush() && lost > 0) {
        const told = lost;
        lost = 0;
        onRoom(told);
      }
      const bytes = Buffer.from(line);
      if (waitingBytes + bytes.length > MOST_WAITING_BYTES) {
        lost++;
        return;
      }
      waiting.push(bytes);
      waitingBytes += bytes.length;
      flush();
    },
  };
}
