import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { ScriptMalformedError } from './script-errors';

const regex = z.string().refine(isRegex, 'is not a regular expression');

/** What one of the last turn's calls must have come to. Several keys must all hold for the same call. */
const condition = z
  .strictObject({
    /** Which call, counting from 1. */
    call: z.int().min(1),
    /** Some call of this tool. */
    tool: z.string(),
    kind: z.enum(['done', 'failed', 'refused', 'unknown', 'answered']),
    contains: z.string(),
    matches: regex,
  })
  .partial()
  .refine(
    (value) => Object.keys(value).length > 0,
    'says nothing; give `tool`, `call`, `kind`, `contains` or `matches`',
  );

/** One or several, written without a list when it is one. */
const conditions = z.preprocess(
  (value) => (value === undefined || Array.isArray(value) ? value : [value]),
  z.array(condition).optional(),
);

const captures = z.record(
  z.string().regex(/^[A-Za-z]\w*$/, 'is not a name; use letters, digits and `_`'),
  z.strictObject({
    /** A call by number, counting from 1, or by its tool. */
    from: z.union([z.int().min(1), z.string()]),
    /** The first group is what `{{name}}` stands for. */
    pattern: regex.refine(hasGroup, 'has no group; put what you want to keep in ( )'),
  }),
);

const reply = {
  capture: captures.optional(),
  say: z.string().optional(),
  calls: z
    .array(
      z.strictObject({
        tool: z.string().min(1),
        /** A mapping, sent as JSON; or a text, sent exactly as it is. */
        args: z.union([z.string(), z.record(z.string(), z.unknown())]).default({}),
      }),
    )
    .optional(),
  /** What the turn costs; estimated from lengths when left out. */
  tokens: z
    .union([
      z
        .int()
        .min(0)
        .transform((output) => ({ input: 0, output })),
      z.strictObject({ input: z.int().min(0), output: z.int().min(0) }),
    ])
    .optional(),
  /** How long the model thinks, in milliseconds. */
  takesMs: z.int().min(0).optional(),
};

const branch = z.strictObject({ when: conditions, ...reply });

const turn = z
  .strictObject({ expect: conditions, choose: z.array(branch).min(1).optional(), ...reply })
  .refine(
    ({ choose, say, calls }) =>
      choose ? say === undefined && calls === undefined : (say ?? calls) !== undefined,
    'needs either `say` and `calls`, or `choose`',
  );

const script = z.strictObject({ description: z.string().optional(), turns: z.array(turn).min(1) });

export type ScriptCondition = z.infer<typeof condition>;
export type ScriptCaptures = z.infer<typeof captures>;
export type ScriptReply = Omit<z.infer<typeof branch>, 'when'>;
export type ScriptTurn = z.infer<typeof turn>;
export type Script = z.infer<typeof script> & { file: string };

/** `{{name}}`, where a captured text is put in. */
export const PLACEHOLDER = /\{\{\s*([A-Za-z]\w*)\s*\}\}/g;

/**
 * Reads a script: what a model says, turn by turn.
 *
 * ```yaml
 * turns:
 *   - say: I will look at the repository first.
 *     calls:
 *       - { tool: read-file, args: { path: main.tf } }
 *   - expect: { tool: read-file, kind: done, contains: aws_s3_bucket }
 *     capture:
 *       bucket: { from: read-file, pattern: 'aws_s3_bucket" "(\w+)"' }
 *     calls:
 *       - { tool: ask-user, args: { question: 'Encrypt {{bucket}} now?', options: ['yes', 'no'] } }
 *   - choose:
 *       - when: { tool: ask-user, contains: 'no' }
 *         say: Then I leave {{bucket}} as it is.
 *       - say: So be it.
 *         calls:
 *           - { tool: write-file, args: { path: '{{bucket}}.tf', content: … } }
 * ```
 *
 * A turn without calls ends the run. `expect` and `when` look at the outcomes of the turn before.
 *
 * @param file its name, for messages
 * @throws ScriptMalformedError naming the line
 */
export function parseScript(text: string, file: string): Script {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineOf = (offset: number) => lines.linePos(offset).line;
  const broken = document.errors[0];
  if (broken) throw new ScriptMalformedError(file, lineOf(broken.pos[0]), oneLine(broken.message));
  const lineAt = (path: readonly PropertyKey[]): number => {
    for (let length = path.length; length >= 0; length--) {
      const node = document.getIn(path.slice(0, length), true) as
        | { range?: [number, number, number] }
        | undefined;
      if (node?.range) return lineOf(node.range[0]);
    }
    return 1;
  };
  const parsed = script.safeParse(plain());
  if (!parsed.success) {
    const issue = deepest(parsed.error.issues[0]!);
    const at = issue.path.length > 0 ? `\`${issue.path.join('.')}\` ` : '';
    throw new ScriptMalformedError(file, lineAt(issue.path), `${at}${oneLine(issue.message)}`);
  }
  requireCaptured(parsed.data.turns, (index, name) => {
    throw new ScriptMalformedError(
      file,
      lineAt(['turns', index]),
      `turn ${index + 1} uses \`{{${name}}}\`, which no turn up to it captures`,
    );
  });
  return { ...parsed.data, file };

  function plain(): unknown {
    try {
      return document.toJS({ maxAliasCount: 50 });
    } catch (cause) {
      throw new ScriptMalformedError(
        file,
        1,
        oneLine(cause instanceof Error ? cause.message : String(cause)),
      );
    }
  }
}

function requireCaptured(
  turns: readonly ScriptTurn[],
  missing: (index: number, name: string) => never,
): void {
  const known = new Set<string>();
  turns.forEach((each, index) => {
    for (const { capture } of [each, ...(each.choose ?? [])])
      for (const name of Object.keys(capture ?? {})) known.add(name);
    const { capture: _, ...texts } = each;
    for (const [, name] of JSON.stringify(texts).matchAll(PLACEHOLDER))
      if (name && !known.has(name)) missing(index, name);
  });
}

type Issue = z.core.$ZodIssue;

/** Of a union's issues, those of the form that came nearest are worth telling. */
function deepest(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue;
  const candidates = issue.errors
    .flat()
    .map((each) => deepest({ ...each, path: [...issue.path, ...each.path] }));
  return candidates.sort((one, other) => other.path.length - one.path.length)[0] ?? issue;
}

function oneLine(text: string): string {
  const line = text.split('\n')[0] ?? text;
  return line.charAt(0).toLowerCase() + line.slice(1).replace(/\.$/, '');
}

function isRegex(source: string): boolean {
  try {
    new RegExp(source, 'm');
    return true;
  } catch {
    return false;
  }
}

function hasGroup(source: string): boolean {
  return isRegex(source) && new RegExp(`${source}|`).exec('')!.length > 1;
}
