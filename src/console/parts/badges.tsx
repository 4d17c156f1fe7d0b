import type { Verdict } from '../../domain/decision';
import type { Effect, Mark } from '../../domain/effect';
import type { RunStatus } from '../../domain/run';

/** How a thing stands; each tone has its colour and its sign, and text says it as well. */
export type Tone = 'good' | 'bad' | 'wait' | 'live' | 'quiet';

const SIGNS: Record<Tone, string> = { good: '✓', bad: '✕', wait: '◆', live: '●', quiet: '–' };

export function Badge({ tone, text }: { tone: Tone; text: string }) {
  return (
    <span class={`badge ${tone}`}>
      <span aria-hidden="true">{SIGNS[tone]}</span> {text}
    </span>
  );
}

export function VerdictBadge({ verdict }: { verdict: Verdict }) {
  return <Badge tone={toneOfVerdict(verdict)} text={verdict} />;
}

export function StatusBadge({ status }: { status: RunStatus }) {
  return <Badge tone={toneOfStatus(status)} text={STATUS_WORDS[status]} />;
}

/** What a call does to the world, and what an analysis added. */
export function EffectBadges({ effect, marks }: { effect: Effect | null; marks: readonly Mark[] }) {
  return (
    <>
      {effect ? <span class={`effect ${effect}`}>{effect}</span> : null}
      {marks.map((mark) => (
        <span class="effect mark">{mark}</span>
      ))}
    </>
  );
}

export const STATUS_WORDS: Record<RunStatus, string> = {
  QUEUED: 'queued',
  RUNNING: 'running',
  WAITING_INPUT: 'waits for an answer',
  WAITING_APPROVAL: 'waits for approval',
  PAUSED: 'paused',
  COMPLETED: 'completed',
  FAILED: 'failed',
  BUDGET_EXCEEDED: 'budget exceeded',
  CANCELLED: 'stopped',
};

export function toneOfStatus(status: RunStatus): Tone {
  switch (status) {
    case 'COMPLETED':
      return 'good';
    case 'FAILED':
    case 'BUDGET_EXCEEDED':
      return 'bad';
    case 'WAITING_APPROVAL':
    case 'WAITING_INPUT':
    case 'PAUSED':
      return 'wait';
    case 'QUEUED':
    case 'RUNNING':
      return 'live';
    case 'CANCELLED':
      return 'quiet';
  }
}

export function toneOfVerdict(verdict: Verdict): Tone {
  switch (verdict) {
    case 'allow':
      return 'good';
    case 'deny':
      return 'bad';
    case 'ask':
    case 'defer':
      return 'wait';
  }
}
