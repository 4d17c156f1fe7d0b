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

const MIB = 1024 ** 2;
/** From the signal, which says why, to the kill. */
const CPU_GRACE_S = 5;

/** What `prlimit` is told: per process, but for the count of processes, which is of all that are not root's. */
export function processLimits(limits: SandboxLimits, cpuSeconds: number): string[] {
  return [
    `--nproc=${limits.processes}`,
    // Private writable memory: what is only reserved does not count, as Go, Java and Node reserve much.
    `--data=${limits.memoryMiB * MIB}`,
    `--fsize=${limits.fileMiB * MIB}`,
    // Its clock stands still while people are asked; what it computes meanwhile counts even so.
    `--cpu=${cpuSeconds}:${cpuSeconds + CPU_GRACE_S}`,
    '--nofile=4096',
    '--core=0',
  ];
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
