import { LRUCache } from 'lru-cache';
import { canonicalJson, type JsonValue } from '../domain/canonical-json';
import { type Finding, observed } from '../domain/decision';
import { branchOf } from '../domain/run';
import { visibleText } from '../domain/visible-text';
import { type AtomIndex, indexTexts } from './atom-index';
import type { PolicyContext, PolicyLayer, ReadCall } from './layer';
import { sensitiveArguments } from './sensitive-values';
import { trustedTexts } from './trusted-text';

/**
 * Sensitive arguments must occur as a whole in trusted text (POLICY §6): the prompt, the digest, what people typed or
 * picked, and the results of tools that the agent file trusts. What only tool output says is an instruction nobody gave.
 */
export const groundingLayer: PolicyLayer = (read, context) => {
  const { trusted, snapshot } = context;
  const { grounding } = snapshot.settings;
  if (!trusted || grounding === 'off') return [];
  const found = sensitiveArguments(read);
  if (found.length === 0) return [];
  const text = indexOf(trustedTexts(trusted, snapshot, context.observations ?? []));
  const own = branchOf(context.runId);
  return found.flatMap(({ path, values }): Finding[] => {
    const isGrounded = (value: string) => value === own || holdsWhole(text, value);
    const ungrounded = values.filter((value) => !isGrounded(value));
    if (ungrounded.length === 0 || isDefault(read, path)) return [];
    const finding: Finding = {
      verdict: grounding === 'deny' ? 'deny' : 'ask',
      layer: 'grounding',
      rule: visibleText(path, SHOWN_VALUE_LENGTH),
      message: messageOf(path, ungrounded, context),
    };
    return [observed(finding, snapshot.mode === 'observe')];
  });
};

const MAX_SHOWN_VALUES = 3;
const SHOWN_VALUE_LENGTH = 80;
/** How much of one tool's output is looked through for a reason, in characters. */
const MAX_SEARCHED_LENGTH = 100_000;

// A run's texts are the same from call to call.
const indexes = new LRUCache<string, AtomIndex>({
  max: 100,
  maxSize: 4_000_000,
  sizeCalculation: (_index, key) => key.length + 1,
});

function indexOf(texts: readonly string[]): AtomIndex {
  const key = JSON.stringify(texts);
  const known = indexes.get(key);
  if (known) return known;
  const index = indexTexts(texts);
  indexes.set(key, index);
  return index;
}

/** A text that lists several addresses is as many values; no scheme is part of an address. */
function holdsWhole(text: AtomIndex, value: string): boolean {
  if (text.holds(value)) return true;
  const parts = value
    .split(/[,;\n]/)
    .map((part) => part.trim().replace(/^(?:mailto|tel):/i, ''))
    .filter((part) => part !== '');
  if (parts.length === 1) return parts[0] !== value && text.holds(parts[0] ?? '');
  return parts.length > 1 && parts.every((part) => part.includes('@') && text.holds(part));
}

/** What the tool itself fills in where the model says nothing was nobody's instruction. */
function isDefault({ tool, args }: ReadCall, path: string): boolean {
  if (typeof args !== 'object' || args === null || path.includes('.')) return false;
  const { [path]: given, ...others } = args as Record<string, JsonValue>;
  const parsed = tool.parameters.safeParse(others);
  const filled = parsed.success ? (parsed.data as Record<string, JsonValue>)[path] : undefined;
  return filled !== undefined && given !== undefined && canonicalJson(filled) === canonicalJson(given);
}

function messageOf(path: string, ungrounded: readonly string[], context: PolicyContext): string {
  const shown = [...new Set(ungrounded)];
  const words = shown
    .slice(0, MAX_SHOWN_VALUES)
    .map((value) => `\`${visibleText(value, SHOWN_VALUE_LENGTH)}\` ${whereFrom(value, context)}`);
  if (shown.length > MAX_SHOWN_VALUES) words.push(`and ${shown.length - MAX_SHOWN_VALUES} more`);
  return `\`${visibleText(path, SHOWN_VALUE_LENGTH)}\` was not given by a person: ${words.join('; ')}`;
}

function whereFrom(value: string, { observations = [] }: PolicyContext): string {
  const tools = observations
    .filter(({ text }) => holdsWhole(indexOf([text.slice(0, MAX_SEARCHED_LENGTH)]), value))
    .map(({ tool }) => `\`${visibleText(tool, SHOWN_VALUE_LENGTH)}\``);
  return tools.length === 0
    ? 'appears nowhere'
    : `appears only in the output of ${[...new Set(tools)].join(' and ')}`;
}
