import type { HitLimit } from '../tools/tool';

/** What one command may use at most, with all it starts. */
export interface SandboxLimits {
  /** Of all processes together where there are control groups, and of each one everywhere. */
  memoryMiB: number;
  /** Processes and threads. */
  processes: number;
  /** Of one file. */
  fileMiB: number;
}

export const DEFAULT_LIMITS: SandboxLimits = { memoryMiB: 4_096, processes: 512, fileMiB: 1_024 };

const KIB_OF_MIB = 1024;
/** From the signal, which says why, to the kill. */
const CPU_GRACE_S = 5;

/** As bash's `ulimit` takes them: of each process, but for the count of processes, which is of all that are not root's. */
export interface ProcessLimits {
  /** Options of what no process can raise again. */
  hard: string;
  /** Options of what sends a signal first. */
  soft: string;
}

export function processLimits(limits: SandboxLimits, cpuSeconds: number): ProcessLimits {
  const hard = [
    `-u ${limits.processes}`,
    // Private writable memory: what is only reserved does not count, as Go, Java and Node reserve much.
    `-d ${limits.memoryMiB * KIB_OF_MIB}`,
    `-f ${limits.fileMiB * KIB_OF_MIB}`,
    // Its clock stands still while people are asked; what it computes meanwhile counts even so.
    `-t ${cpuSeconds + CPU_GRACE_S}`,
    '-n 4096',
    '-c 0',
  ];
  return { hard: hard.join(' '), soft: `-t ${cpuSeconds}` };
}

/** Which limits of one process ended a command, or are what it complains of. */
export function hitByProcess(
  result: { exitCode: number | null; stderr: string },
  limits: SandboxLimits,
  cpuSeconds: number,
): HitLimit[] {
  const hit: HitLimit[] = [];
  if (result.exitCode === 128 + SIGXCPU) hit.push({ kind: 'cpu', most: cpuSeconds });
  // Some programs ignore the signal and print the error.
  if (result.exitCode === 128 + SIGXFSZ || (result.exitCode !== 0 && /file too large/i.test(result.stderr)))
    hit.push({ kind: 'file', most: limits.fileMiB });
  return hit;
}

const SIGXCPU = 24;
const SIGXFSZ = 25;
