import { type WrittenRule, writtenRules } from '../cedar/check-rules';
import type { FiledPolicy } from '../policy-folder';
import { ruleSource } from '../rule-problems';

/** Says nothing, and keeps the place: rules without an `@id` are named for theirs. */
const NOTHING = 'permit (principal, action, resource) when { false };';

/** A policy with one of its rules taken out. */
export function withoutRule(policy: FiledPolicy, rule: Pick<WrittenRule, 'line' | 'text'>): FiledPolicy {
  const { content, firstLine } = policy;
  const same = writtenRules(ruleSource(policy)).filter(
    ({ line, text }) => line === rule.line && text === rule.text,
  );
  const lineStart = offsetOfLine(content, rule.line - firstLine);
  const start = content.indexOf(rule.text, lineStart);
  if (same.length !== 1 || start === -1)
    throw new Error(`the rule in line ${rule.line} is not in its policy`);
  return {
    ...policy,
    content: `${content.slice(0, start)}${NOTHING}${content.slice(start + rule.text.length)}`,
  };
}

/** @param index of the line, from 0 */
function offsetOfLine(text: string, index: number): number {
  let offset = 0;
  for (let line = 0; line < index; line++) offset = text.indexOf('\n', offset) + 1;
  return offset;
}
