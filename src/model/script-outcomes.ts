import type { CallOutcome, ToolCall } from '../domain/call';
import { visibleText } from '../domain/visible-text';
import { outcomesAfter } from './outcomes';
import type { ConversationEntry } from './provider';
import type { ScriptCaptures, ScriptCondition } from './script';

/** A call of an earlier turn, and what became of it. */
export interface SettledCall {
  call: ToolCall;
  outcome: CallOutcome | undefined;
}

/** The calls of each turn so far, in order. */
export function settledTurns(entries: readonly ConversationEntry[]): SettledCall[][] {
  return entries.flatMap((entry, index) => {
    if (entry.role !== 'assistant') return [];
    const outcomes = outcomesAfter(entries, index);
    return [entry.calls.map((call) => ({ call, outcome: outcomes.get(call.id) }))];
  });
}

/** Whether some call is as the condition says. */
export function holds(condition: ScriptCondition, calls: readonly SettledCall[]): boolean {
  return calls.some(({ call, outcome }, index) => {
    const { kind, contains, matches } = condition;
    return (
      (condition.call === undefined || condition.call === index + 1) &&
      (condition.tool === undefined || condition.tool === call.tool) &&
      (kind === undefined || outcome?.kind === kind) &&
      (contains === undefined || (outcome?.text.includes(contains) ?? false)) &&
      (matches === undefined || (outcome !== undefined && new RegExp(matches, 'm').test(outcome.text)))
    );
  });
}

/** What a capture finds, or undefined. */
export function captured(
  { from, pattern }: ScriptCaptures[string],
  calls: readonly SettledCall[],
): string | undefined {
  for (const [index, { call, outcome }] of calls.entries()) {
    if (!outcome || (typeof from === 'number' ? from !== index + 1 : from !== call.tool)) continue;
    const found = new RegExp(pattern, 'm').exec(outcome.text)?.[1];
    if (found !== undefined) return found;
  }
  return undefined;
}

export function describeCondition(condition: ScriptCondition): string {
  const { call, tool, kind, contains, matches } = condition;
  const subject = [
    call === undefined ? 'a call' : `call ${call}`,
    ...(tool === undefined ? [] : [`of \`${tool}\``]),
  ].join(' ');
  const claims = [
    ...(kind === undefined ? [] : [`be ${kind}`]),
    ...(contains === undefined ? [] : [`contain \`${visibleText(contains, 200)}\``]),
    ...(matches === undefined ? [] : [`match \`${visibleText(matches, 200)}\``]),
  ];
  return claims.length === 0 ? subject : `${subject} to ${claims.join(' and ')}`;
}

export function describeCalls(calls: readonly SettledCall[]): string {
  if (calls.length === 0) return 'the turn before made no calls';
  const each = calls.map(({ call, outcome }, index) => {
    const became = outcome ? `${outcome.kind}, \`${visibleText(outcome.text, 200)}\`` : 'no outcome';
    return `call ${index + 1} of \`${call.tool}\`: ${became}`;
  });
  return `came ${each.join('; ')}`;
}
