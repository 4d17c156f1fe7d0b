import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import type { RateDemand } from '../../domain/rate';

/** What a rule demands where it matches. */
export type RuleOutcome =
  | { kind: 'deny' }
  | { kind: 'ask'; role?: string; quorum?: number; fourEyes?: boolean }
  | ({ kind: 'rate' } & Pick<RateDemand, 'per' | 'limit' | 'windowMs'>)
  /** A `permit`: it never loosens another layer, so it demands nothing. */
  | { kind: 'none' };

/** What the annotations of a rule say. */
export interface RuleTerms {
  /** Null where it has none. */
  id: string | null;
  message: string | null;
  outcome: RuleOutcome;
  isObserved: boolean;
  /** What is wrong with them, each as a clause that names the annotation. */
  problems: { annotation: string; text: string }[];
}

/** The annotations that rules may carry. */
export const annotationNames = [
  'id',
  'message',
  'reason',
  'ask',
  'role',
  'quorum',
  'fourEyes',
  'rate',
  'per',
  'observe',
  'enforces',
] as const;
type AnnotationName = (typeof annotationNames)[number];

const MAX_QUORUM = 20;
const MAX_LIMIT = 1_000_000;
const UNIT_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const MAX_WINDOW_MS = 31 * 86_400_000;

/** Reads the annotations of a rule (POLICY §5). Where they are wrong, the outcome is the strictest they could mean. */
export function readAnnotations({ annotations = {}, effect }: PolicyJson): RuleTerms {
  const problems: RuleTerms['problems'] = [];
  // Cedar gives null for an annotation without a value.
  const has = (name: AnnotationName) => Object.hasOwn(annotations, name);
  const textOf = (name: AnnotationName) => (annotations[name] as string | null | undefined) ?? '';
  const wrong = (annotation: string, text: string) => problems.push({ annotation, text });

  for (const name of Object.keys(annotations))
    if (!(annotationNames as readonly string[]).includes(name))
      wrong(name, `\`@${name}\` is not an annotation of rules${suggestion(name)}`);
  if (has('id') && !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(textOf('id')))
    wrong('id', '`@id` takes lower-case words joined by `-`');
  if (has('message') && has('reason')) wrong('reason', '`@message` and `@reason` say the same; write one');
  for (const name of ['message', 'reason', 'ask', 'role', 'enforces'] as const)
    if (has(name) && textOf(name).trim() === '') wrong(name, `\`@${name}\` takes a text`);
  if (has('observe') && textOf('observe') !== '') wrong('observe', '`@observe` takes no text');
  for (const name of ['role', 'quorum', 'fourEyes'] as const)
    if (has(name) && !has('ask')) wrong(name, `\`@${name}\` belongs to \`@ask\``);
  if (has('per') && !has('rate')) wrong('per', '`@per` belongs to `@rate`');
  if (has('rate') && has('ask')) wrong('rate', 'a rule with `@rate` counts calls; it cannot `@ask`');

  const quorum = has('quorum') ? Number(textOf('quorum')) : undefined;
  if (quorum !== undefined && !(Number.isInteger(quorum) && quorum >= 1 && quorum <= MAX_QUORUM))
    wrong('quorum', `\`@quorum\` takes a whole number from 1 to ${MAX_QUORUM}`);
  if (has('fourEyes') && !['', 'true', 'false'].includes(textOf('fourEyes')))
    wrong('fourEyes', '`@fourEyes` takes "true" or "false"');
  const window = has('rate') ? rateOf(textOf('rate')) : null;
  if (has('rate') && !window)
    wrong('rate', '`@rate` takes a number of calls and a time up to 31 days, such as "10 per 1h"');
  const per = textOf('per') || 'agent';
  if (per !== 'agent' && per !== 'organization' && per !== 'tool')
    wrong('per', '`@per` takes "agent", "organization" or "tool"');
  if (effect === 'permit')
    for (const name of ['ask', 'rate', 'observe'] as const)
      if (has(name)) wrong(name, `\`@${name}\` belongs to a \`forbid\``);

  const asking: RuleOutcome = {
    kind: 'ask',
    ...(has('role') ? { role: textOf('role') } : {}),
    ...(quorum === undefined ? {} : { quorum }),
    ...(has('fourEyes') ? { fourEyes: textOf('fourEyes') !== 'false' } : {}),
  };
  const outcome = (): RuleOutcome => {
    if (effect === 'permit') return { kind: 'none' };
    if (problems.length > 0) return { kind: 'deny' };
    if (window) return { kind: 'rate', per: per as RateDemand['per'], ...window };
    return has('ask') ? asking : { kind: 'deny' };
  };
  return {
    id: has('id') ? textOf('id') : null,
    message: [textOf('message'), textOf('reason'), textOf('ask')].find((text) => text.trim() !== '') ?? null,
    outcome: outcome(),
    isObserved: problems.length === 0 && has('observe'),
    problems,
  };
}

function rateOf(text: string): { limit: number; windowMs: number } | null {
  const found = /^\s*(\d{1,7})\s+per\s+(\d{0,6})\s*([smhd])\s*$/.exec(text);
  if (!found) return null;
  const limit = Number(found[1]);
  const windowMs = Number(found[2] || 1) * (UNIT_MS[found[3] ?? ''] ?? 0);
  return limit <= MAX_LIMIT && windowMs > 0 && windowMs <= MAX_WINDOW_MS ? { limit, windowMs } : null;
}

/** The annotation that was likely meant: the same letters in another case, or one letter off. */
function suggestion(name: string): string {
  const near = annotationNames.find((known) => distance(known.toLowerCase(), name.toLowerCase()) <= 2);
  return near ? `; did you mean \`@${near}\`?` : '';
}

function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[other.length]!;
}
