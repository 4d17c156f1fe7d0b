import { type Command, InvalidArgumentError } from 'commander';
import type { CliContext } from './context';

export interface GlobalOptions {
  json?: boolean;
  debug?: boolean;
}

/** Does a command's work with what it needs, and keeps its exit code. */
export type CarryOut = (
  options: GlobalOptions,
  work: (context: CliContext) => Promise<number>,
) => Promise<void>;

/** What each family of commands adds its own to. */
export interface CommandLine {
  program: Command;
  /** Adds a command with the options that all have. */
  add(parent: Command, words: string, description: string): Command;
  carryOut: CarryOut;
}

/** A whole number above 0. */
export function positive(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new InvalidArgumentError('It must be a whole number above 0.');
}

/** Milliseconds since the epoch; a day begins where the person is. */
export function pointInTime(text: string): number {
  const day = /^\d{4}-\d{2}-(\d{2})(T.+)?$/.exec(text);
  const at = new Date(day && !day[2] ? `${text}T00:00` : text);
  // Days that there are not roll over into the next month.
  const isDay = day?.[2] !== undefined || at.getDate() === Number(day?.[1]);
  if (day && isDay && !Number.isNaN(at.getTime())) return at.getTime();
  throw new InvalidArgumentError('It must be a day, as 2026-01-31, or a time, as 2026-01-31T14:00.');
}

/** For options that may be given several times. */
export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

/** Minutes as a person writes them, `30` or `30m` or `2h`, in milliseconds. */
export function duration(text: string): number {
  const [, amount, unit = 'm'] = /^(\d{1,6})(s|m|h)?$/.exec(text) ?? [];
  const milliseconds = Number(amount) * { s: 1_000, m: 60_000, h: 3_600_000 }[unit as 's' | 'm' | 'h'];
  if (milliseconds > 0) return milliseconds;
  throw new InvalidArgumentError('It must be a time, as 30m or 2h.');
}
