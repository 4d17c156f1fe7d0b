import { GatehouseError } from '../domain/errors';
import { visibleText } from '../domain/visible-text';
import type { Tool } from '../tools/tool';
import { checkRules, type Problem, type RuleSource } from './cedar/check-rules';
import type { FiledPolicy } from './policy-folder';

/** Where the rules of a policy file stand. */
export function ruleSource({ file, name, content, firstLine }: FiledPolicy): RuleSource {
  return { file, policy: name, markdown: content, firstLine };
}

/** @throws GatehouseError `policy-file-invalid`, naming file and line of every rule that cannot be judged by */
export function refuseBrokenRules(policies: readonly FiledPolicy[], tools: Iterable<Tool>): void {
  const errors = checkRules(policies.map(ruleSource), tools).filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return;
  const words = errors.slice(0, MAX_SHOWN).map(problemLine);
  if (errors.length > MAX_SHOWN) words.push(`and ${errors.length - MAX_SHOWN} more`);
  throw new GatehouseError('policy-file-invalid', words.join('; '));
}

/** `policies/naming.md:12: rule \`naming/tags\`: …; did you mean …?` */
export function problemLine({
  file,
  line,
  rule,
  message,
  suggestion,
}: Pick<Problem, 'file' | 'line' | 'rule' | 'message' | 'suggestion'>): string {
  const about = rule === null ? '' : `rule \`${rule}\`: `;
  const words = `${about}${message}${suggestion === null ? '' : ` (${suggestion})`}`;
  return `${file}:${line}: ${visibleText(words, 400)}`;
}

const MAX_SHOWN = 10;
