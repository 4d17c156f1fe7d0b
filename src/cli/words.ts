import type { ApprovalOutcome } from '../domain/approval';
import type { Verdict } from '../domain/decision';
import type { RunStatus } from '../domain/run';
import type { Colours } from './terminal';

/** `14:03:59` in the person's own time. */
export function clock(at: number): string {
  return new Date(at).toLocaleTimeString('en-GB');
}

/** `2026-01-31 14:03` in the person's own time. */
export function dateAndTime(at: number): string {
  const date = new Date(at);
  const part = (value: number) => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${part(date.getMonth() + 1)}-${part(date.getDate())} ${part(date.getHours())}:${part(date.getMinutes())}`;
}

/** `1 h 5 min`, `3.2 s`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 60_000) return `${(milliseconds / 1_000).toFixed(1)} s`;
  const minutes = Math.round(milliseconds / 60_000);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function paintStatus(text: string, status: RunStatus, colours: Colours): string {
  switch (status) {
    case 'COMPLETED':
      return colours.green(text);
    case 'FAILED':
    case 'BUDGET_EXCEEDED':
      return colours.red(text);
    case 'WAITING_APPROVAL':
    case 'WAITING_INPUT':
    case 'PAUSED':
      return colours.yellow(text);
    case 'CANCELLED':
      return colours.dim(text);
    case 'QUEUED':
    case 'RUNNING':
      return colours.cyan(text);
  }
}

export function paintVerdict(text: string, verdict: Verdict, colours: Colours): string {
  switch (verdict) {
    case 'allow':
      return colours.green(text);
    case 'ask':
    case 'defer':
      return colours.yellow(text);
    case 'deny':
      return colours.red(text);
  }
}

/** The colour of what an approval came to. */
export function paintApproval(
  text: string,
  kind: ApprovalOutcome['kind'] | string,
  colours: Colours,
): string {
  switch (kind) {
    case 'approved':
    case 'edited':
      return colours.green(text);
    case 'denied':
    case 'expired':
      return colours.red(text);
    default:
      return colours.yellow(text);
  }
}
