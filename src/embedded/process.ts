import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { GatehouseError } from '../domain/errors';
import { notWritable } from './data-directory';
import { lastLines, readLogSince, rotateLog } from './log-tail';
import { isAlive, processIdentity, readProcessRecord } from './process-identity';
import { type Reaper, startReaper } from './reaper';

export interface ProcessDescription {
  /** Kebab-case; names the log (`logs/NAME.log`) and the process file (`run/NAME.json`). */
  name: string;
  command: string;
  args: readonly string[];
  /** All the process gets; nothing of our own environment is added. */
  environment: Readonly<Record<string, string>>;
  workingDirectory?: string;
  readiness: Readiness;
  /** @default 30_000 */
  readyWithinMs?: number;
  /** @default 'SIGINT' */
  stopSignal?: NodeJS.Signals;
  /** How long a stop waits before it kills. @default 10_000 */
  stopWithinMs?: number;
}

/** `line`: the log shows this text. `probe`: answers true; false asks again; an error gives up at once. */
export type Readiness =
  | { kind: 'line'; line: string }
  | { kind: 'probe'; probe: () => Promise<boolean> }
  | { kind: 'started' };

export interface ProcessExit {
  name: string;
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  logFile: string;
  /** What it wrote last, oldest line first. */
  lastLines: string[];
}

export interface ManagedProcess {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Resolves when the process has ended, asked for or not. */
  readonly exited: Promise<ProcessExit>;
  stop(): Promise<void>;
}

export interface ProcessGroup {
  /** Ends what a killed predecessor left in the folder. Before the first start, and before ports are chosen. */
  endLeftovers(): Promise<void>;
  /** Starts a process and waits until it is ready. Throws `process-not-ready` and leaves nothing behind. */
  start(description: ProcessDescription): Promise<ManagedProcess>;
  /** Stops what still runs, last started first. */
  stop(): Promise<void>;
  /** Hears of each process that ended after it was ready without being asked to. */
  onUnexpectedExit(listener: (exit: ProcessExit) => void): void;
}

/**
 * Child processes that never outlive us: each has a session of its own (Ctrl-C in the terminal is ours to pass on), a
 * log under `folder/logs`, and a reaper that ends it should we be killed.
 *
 * @throws GatehouseError `data-dir-not-writable`
 */
export function createProcessGroup({ folder }: { folder: string }): ProcessGroup {
  const running: ManagedProcess[] = [];
  const listeners: ((exit: ProcessExit) => void)[] = [];
  let reaper: Reaper | null = null;
  for (const part of ['logs', 'run']) makeFolder(join(folder, part));

  return {
    async endLeftovers() {
      const records = await readdir(join(folder, 'run'));
      await Promise.all(records.map((name) => endLeftover(join(folder, 'run', name))));
    },
    async start(description) {
      reaper ??= startReaper();
      const { managed, becameReady } = await launch(description, folder, reaper);
      running.push(managed);
      let isReady = false;
      managed.exited.then((exit) => {
        const wasRunning = running.includes(managed);
        if (wasRunning) running.splice(running.indexOf(managed), 1);
        if (wasRunning && isReady) for (const listener of listeners) listener(exit);
      });
      try {
        await becameReady();
        isReady = true;
        return { ...managed, stop: () => stopOne(managed) };
      } catch (error) {
        await stopOne(managed);
        throw error;
      }
    },
    async stop() {
      for (const managed of [...running].reverse()) await stopOne(managed);
      reaper?.dismiss();
      reaper = null;
    },
    onUnexpectedExit(listener) {
      listeners.push(listener);
    },
  };

  async function stopOne(managed: ManagedProcess): Promise<void> {
    const index = running.indexOf(managed);
    if (index >= 0) running.splice(index, 1);
    await managed.stop();
  }
}

/** One line for a person: how it ended and what it said last. */
export function describeExit(exit: ProcessExit): string {
  const how = exit.signal === null ? `with exit code ${exit.exitCode}` : `by signal ${exit.signal}`;
  const said = exit.lastLines.at(-1);
  return `\`${exit.name}\` ended ${how}, see \`${exit.logFile}\`${said === undefined ? '' : `; it said: ${said.slice(0, 300)}`}`;
}

async function launch(description: ProcessDescription, folder: string, reaper: Reaper) {
  const { name, readiness } = description;
  const logFile = join(folder, 'logs', `${name}.log`);
  const logStart = await rotateLog(logFile);
  const log = openSync(logFile, 'a', 0o600);
  // The shell waits for a word from us, so that a process never runs before the reaper knows of it; if we die first,
  // it reads the end of the pipe and leaves.
  const child = spawn(
    '/bin/sh',
    ['-c', 'read -r go || exit 1; exec "$@" </dev/null', name, description.command, ...description.args],
    {
      detached: true,
      env: { ...description.environment },
      cwd: description.workingDirectory,
      stdio: ['pipe', log, log],
    },
  );
  closeSync(log);
  const exited = exitOf(child, name, logFile, logStart);
  const { pid } = child;
  if (pid === undefined) throw notReady(await exited);
  await reaper.watch(pid);
  await writeFile(recordFile(folder, name), JSON.stringify({ pid, identity: await processIdentity(pid) }), {
    mode: 0o600,
  });
  exited.then(async () => {
    // What it started itself goes with it.
    killGroup(pid);
    await Promise.all([reaper.forget(pid), rm(recordFile(folder, name), { force: true })]);
  });
  child.stdin?.on('error', () => undefined);
  child.stdin?.end('go\n');

  const managed: ManagedProcess = { name, pid, logFile, exited, stop };
  return { managed, becameReady };

  async function stop(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(description.stopSignal ?? 'SIGINT');
    const timer = setTimeout(() => killGroup(pid as number), description.stopWithinMs ?? 10_000);
    await exited;
    clearTimeout(timer);
  }

  async function becameReady(): Promise<void> {
    const withinMs = description.readyWithinMs ?? 30_000;
    const deadline = Date.now() + withinMs;
    let exit: ProcessExit | null = null;
    exited.then((value) => {
      exit = value;
    });
    for (;;) {
      if (exit !== null) throw notReady(exit);
      if (await Promise.race([isReady(), exited.then(() => false)])) return;
      if (Date.now() > deadline) {
        throw new GatehouseError(
          'process-not-ready',
          `\`${name}\` was not ready within ${Math.round(withinMs / 1_000)} s, see \`${logFile}\``,
        );
      }
      await Promise.race([exited, pause(25)]);
    }
  }

  async function isReady(): Promise<boolean> {
    switch (readiness.kind) {
      case 'started':
        return true;
      case 'line':
        return (await readLogSince(logFile, logStart)).includes(readiness.line);
      case 'probe':
        return readiness.probe();
    }
  }
}

function exitOf(child: ChildProcess, name: string, logFile: string, logStart: number): Promise<ProcessExit> {
  return new Promise((resolve) => {
    const settle = async (exitCode: number | null, signal: NodeJS.Signals | null, reason?: string) => {
      const log = await readLogSince(logFile, logStart);
      resolve({ name, exitCode, signal, logFile, lastLines: reason ? [reason] : lastLines(log, 20) });
    };
    child.once('error', (error) => settle(null, null, error.message));
    child.once('exit', (exitCode, signal) => settle(exitCode, signal));
  });
}

async function endLeftover(file: string): Promise<void> {
  const record = await readProcessRecord(file);
  // Six seconds: the reaper of the killed one takes up to five.
  for (let waitedMs = 0; record !== null && (await isAlive(record)); waitedMs += 50) {
    if (waitedMs >= 6_000) killGroup(record.pid);
    await pause(50);
  }
  await rm(file, { force: true });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended by itself in the meantime.
  }
}

function notReady(exit: ProcessExit): GatehouseError {
  return new GatehouseError('process-not-ready', describeExit(exit), { cause: exit.lastLines.join('\n') });
}

function recordFile(folder: string, name: string): string {
  return join(folder, 'run', `${name}.json`);
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw notWritable(path, cause);
  }
}
