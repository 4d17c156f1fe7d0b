import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

export const BIN = join(__dirname, '../../bin/gatehouse.js');

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface StartedCommand {
  child: ChildProcess;
  /** What it wrote so far. */
  output: { stdout: string; stderr: string };
  ended: Promise<Ended>;
}

export interface CommandOptions {
  cwd?: string;
  env?: Record<string, string | undefined>;
}

/** Starts `gatehouse` as a user's shell would, with none of our own settings. */
export function startCommand(args: readonly string[], { cwd, env }: CommandOptions = {}): StartedCommand {
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(GATEHOUSE_|TEMPORAL_|DATABASE_URL|CI$)/.test(name)),
  );
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd,
    env: { ...inherited, USER: 'tester', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  const ended = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ code, ...output })));
  return { child, output, ended };
}

/** Runs `gatehouse` to its end. */
export function gatehouse(args: readonly string[], options?: CommandOptions): Promise<Ended> {
  return startCommand(args, options).ended;
}

/** What a program reads of a command that answered one line of JSON. */
export function jsonOf<T = Record<string, unknown>>({ stdout }: Ended): T {
  expect(stdout.trim().split('\n')).toHaveLength(1);
  return JSON.parse(stdout) as T;
}
