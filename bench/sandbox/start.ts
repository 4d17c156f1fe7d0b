import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Effect } from '../../src/domain/effect';
import { createBubblewrapSandbox } from '../../src/sandbox/bubblewrap';
import { percentile } from '../measure';
import { makeRepository } from '../repository';
import type { Figure } from './figure';

const SAMPLES = Number(process.env.SAMPLES ?? 150);
const WARM_UP = 10;
/** What is promised, in milliseconds at p50. */
const AT_MOST_MS = 30;

interface Shape {
  what: string;
  effect: Effect;
  network?: string[];
  /** A model takes its time between two commands; a tool of several programs does not. */
  pauseMs: number;
}

const SHAPES: Shape[] = [
  { what: 'read, after a pause', effect: 'read', pauseMs: 120 },
  { what: 'read, one after the other', effect: 'read', pauseMs: 0 },
  { what: 'draft, one after the other', effect: 'draft', pauseMs: 0 },
  { what: 'sandbox with a host, after a pause', effect: 'sandbox', network: ['example.com'], pauseMs: 120 },
];

/** What a command takes in its sandbox over the same command started as it is, in turn. */
export async function startOverhead(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  try {
    const workspace = makeRepository(join(folder, 'repository'));
    const sandbox = createBubblewrapSandbox();
    await sandbox.check();
    const figures: Figure[] = [];
    for (const { what, effect, network, pauseMs } of SHAPES) {
      const confined: number[] = [];
      const bare: number[] = [];
      for (let sample = -WARM_UP; sample < SAMPLES; sample++) {
        if (pauseMs > 0) await pause(pauseMs);
        const ours = await timed(async () => {
          const { exitCode } = await sandbox.run({ argv: ['true'] }, { effect, workspace, network });
          if (exitCode !== 0) throw new Error(`\`true\` ended with ${exitCode} in the sandbox`);
        });
        const theirs = await timed(() => runBare(workspace));
        if (sample < 0) continue;
        confined.push(ours);
        bare.push(theirs);
      }
      const over = percentile(confined, 0.5) - percentile(bare, 0.5);
      figures.push({
        what: `sandbox start (${what})`,
        measured: `${over.toFixed(1)} ms over the bare command: p50 ${percentile(confined, 0.5).toFixed(1)} ms, p95 ${percentile(confined, 0.95).toFixed(1)} ms, bare p50 ${percentile(bare, 0.5).toFixed(1)} ms`,
        promised: `at most ${AT_MOST_MS} ms over it at p50`,
        isKept: over <= AT_MOST_MS,
      });
    }
    return figures;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** As the sandbox starts its programs: with pipes, and to the end of its outputs. */
function runBare(cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/true', [], { cwd, env: {}, stdio: 'pipe', detached: true });
    child.once('error', reject);
    child.once('close', () => resolve());
    child.stdout.resume();
    child.stderr.resume();
    child.stdin.end();
  });
}
