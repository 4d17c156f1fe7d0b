import { appendFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { GatehouseError } from '../domain/errors';
import { visibleLines } from '../domain/visible-text';
import type { Terminal } from './terminal';

export interface ErrorReportOptions {
  terminal: Terminal;
  dataDir: string;
  /** Show causes and stacks. */
  isDebug: boolean;
}

/** Says in one line what went wrong; what is our own mistake goes into the log with its stack. */
export function reportError(error: unknown, { terminal, dataDir, isDebug }: ErrorReportOptions): void {
  const { code, message } =
    error instanceof GatehouseError
      ? error
      : { code: 'internal', message: `an internal error${writeLog(error, dataDir)}` };
  const text = terminal.isJson
    ? JSON.stringify({ error: { code, message } })
    : `${terminal.messageColours.red('error:')} ${visibleLines(message)}`;
  process.stderr.write(`${text}\n`);
  if (isDebug) process.stderr.write(`${stackOf(error)}\n`);
}

/** @returns where to look, in words */
function writeLog(error: unknown, dataDir: string): string {
  const folder = join(dataDir, 'logs');
  try {
    // A command that failed makes no data folder of its own.
    if (!existsSync(dataDir)) return `: ${firstLine(error)}; \`--debug\` shows where`;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const file = join(folder, 'cli.log');
    appendFileSync(file, `${new Date().toISOString()} ${stackOf(error)}\n`, { mode: 0o600 });
    return `, see \`${file}\``;
  } catch {
    return `: ${firstLine(error)}; \`--debug\` shows where`;
  }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}

function stackOf(error: unknown, depth = 0): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.stack ?? `${error.name}: ${error.message}`;
  return error.cause === undefined || depth > 5
    ? own
    : `${own}\ncaused by ${stackOf(error.cause, depth + 1)}`;
}
