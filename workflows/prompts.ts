import type { PendingApproval } from '../src/domain/approval';
import type { PeopleSettings } from '../src/domain/people-settings';
import type { Prompt } from '../src/domain/steps';
import { visibleText } from '../src/domain/visible-text';

/**
 * When people are told again, and when others may decide too, in order of time; nothing that comes after the wait.
 *
 * @param settings absent in runs that began before they were kept: these only wait
 */
export function promptsOf(settings: PeopleSettings | undefined, waitMs: number): Prompt[] {
  if (!settings) return [];
  const { remindAfterMs, escalation } = settings;
  const prompts: Prompt[] = remindAfterMs.map((afterMs) => ({ kind: 'reminder', afterMs }));
  if (escalation) prompts.push({ kind: 'escalated', ...escalation });
  return prompts.filter(({ afterMs }) => afterMs < waitMs).sort((one, other) => one.afterMs - other.afterMs);
}

/** What people read beside the timer of a prompt. */
export function summaryOf(prompt: Prompt, { id, tool }: PendingApproval): string {
  switch (prompt.kind) {
    case 'reminder':
      return `approval ${id}: reminder about ${tool}`;
    case 'escalated':
      return `approval ${id}: escalation to ${visibleText(prompt.role, 60)}`;
  }
}
