import type {
  DetailedError,
  PolicyJson,
  SchemaJson,
  ValidationAnswer,
} from '@cedar-policy/cedar-wasm/nodejs';
import type { Tool } from '../../tools/tool';
import { splitRules } from '../rule-blocks';
import { readAnnotations } from './annotations';
import { slugOf, unnamedRule } from './compile-rules';
import { loadCedar } from './load-cedar';
import { schemaOf } from './schema';
import { splitSource } from './split-source';

/** A policy's Markdown whose rules are checked. */
export interface RuleSource {
  /** As shown in messages. */
  file: string;
  /** Name of the policy; the ids of its rules begin with it. */
  policy: string;
  markdown: string;
  /** Line of the file on which `markdown` begins. @default 1 */
  firstLine?: number;
}

/** What is wrong with a rule. An `error` keeps a policy from being published. */
export interface Problem {
  severity: 'error' | 'warning';
  file: string;
  /** Of the file, from 1. */
  line: number;
  /** The rule's id, where it could be read that far: `<policy>/<rule>`. */
  rule: string | null;
  message: string;
  /** What was likely meant. */
  suggestion: string | null;
}

/** A rule as its author placed it. */
export interface WrittenRule {
  id: string;
  /** Of the file, from 1. */
  line: number;
  text: string;
  /** Null when Cedar cannot read it. */
  json: PolicyJson | null;
}

/**
 * Checks the rules of a policy against the tools there are, strictly: names of tools, arguments and annotations, types,
 * and whether an optional argument is asked for before it is used. An empty list says that nothing is wrong.
 */
export function checkRules(source: RuleSource, tools: Iterable<Tool>): Problem[] {
  const read = readRules(source);
  if (read.length === 0) return [];
  const schema = schemaOf(tools);
  const problems = read.flatMap((rule) => rule.problems(schema));
  const lines = new Map<string, number>();
  for (const { id, line, isNamed } of read) {
    const first = lines.get(id);
    if (first === undefined) lines.set(id, line);
    else if (isNamed)
      problems.push({
        severity: 'error',
        file: source.file,
        line,
        rule: id,
        message: `there is another rule \`${id}\` in line ${first}: an approval of one would count for both`,
        suggestion: 'give each rule an `@id` of its own',
      });
  }
  return problems.sort((one, other) => one.line - other.line);
}

/** The rules of a policy with their ids and lines. */
export function writtenRules(source: RuleSource): WrittenRule[] {
  return readRules(source).map(({ id, line, text, json }) => ({ id, line, text, json }));
}

interface ReadRule extends WrittenRule {
  isNamed: boolean;
  problems(schema: SchemaJson<string>): Problem[];
}

function readRules({ file, policy, markdown, firstLine = 1 }: RuleSource): ReadRule[] {
  let place = 0;
  return splitRules(markdown).blocks.flatMap((block) =>
    splitSource(block.source).map(({ text, offset }): ReadRule => {
      place++;
      const startLine = firstLine + block.line + lineBreaks(block.source.slice(0, offset));
      const answer = loadCedar().policyToJson(text);
      const json = answer.type === 'success' ? answer.json : null;
      const terms = json && readAnnotations(json);
      const id = `${slugOf(policy)}/${slugOf(terms?.id ?? unnamedRule(place))}`;
      const lineAt = (byte: number) => startLine + lineBreaks(textToByte(text, byte));
      const problem = (
        severity: Problem['severity'],
        line: number,
        message: string,
        suggestion: string | null = null,
      ): Problem => ({ severity, file, line, rule: json ? id : null, message, suggestion });
      const fromCedar = (severity: Problem['severity'], error: DetailedError) =>
        problem(
          severity,
          lineAt(error.sourceLocations?.[0]?.start ?? 0),
          plain(error.message),
          error.help && plain(error.help),
        );
      return {
        id,
        line: startLine,
        text,
        json,
        isNamed: terms?.id != null,
        problems(schema) {
          if (answer.type === 'failure')
            return answer.errors.slice(0, 1).map((error) => ({
              ...fromCedar('error', error),
              suggestion: error.help ?? error.sourceLocations?.[0]?.label ?? null,
            }));
          const found = (terms?.problems ?? []).map(({ annotation, text: said }) => {
            const at = text.search(new RegExp(`@\\s*${escaped(annotation)}\\b`));
            const [message = said, suggestion = null] = said.split('; ');
            return problem(
              'error',
              startLine + lineBreaks(text.slice(0, Math.max(0, at))),
              message,
              suggestion,
            );
          });
          if (answer.json.effect === 'permit')
            found.push(
              problem(
                'warning',
                startLine,
                'a `permit` has no effect: rules only make a verdict stricter',
                'write a `forbid` for what shall not be, or remove the rule',
              ),
            );
          const validated = loadCedar().validate({
            validationSettings: { mode: 'strict' },
            schema,
            policies: { staticPolicies: { [RULE]: text } },
          });
          return [...found, ...validationProblems(validated, fromCedar)];
        },
      };
    }),
  );
}

const RULE = 'this';

function validationProblems(
  answer: ValidationAnswer,
  problemOf: (severity: Problem['severity'], error: DetailedError) => Problem,
): Problem[] {
  // `success` says that the validator ran, not that it found nothing.
  if (answer.type === 'failure') return answer.errors.map((error) => problemOf('error', error));
  const errors = answer.validationErrors.map(({ error }) => problemOf('error', error));
  if (errors.length > 0) return joined(errors);
  return joined(
    [...answer.validationWarnings.map(({ error }) => error), ...answer.otherWarnings].map((error) => {
      // A rule that can never match enforces nothing, whatever its author believes.
      const isDead = /policy is impossible|unable to find an applicable action/.test(error.message);
      return isDead ? { ...problemOf('error', error), ...DEAD_RULE } : problemOf('warning', error);
    }),
  );
}

const DEAD_RULE = {
  message: 'this rule can never match',
  suggestion: 'look at its tool, its resource type and the arguments it asks for',
};

/** The same problem is found once for each tool that a rule covers. */
function joined(unordered: readonly Problem[]): Problem[] {
  // Cedar gives them in any order.
  const problems = [...unordered].sort((one, other) => (one.message < other.message ? -1 : 1));
  const same = new Map<string, Problem[]>();
  for (const problem of problems) {
    const key = `${problem.line} ${problem.message.replace(/ in context for Action::"[^"]*"/, '')}`;
    same.set(key, [...(same.get(key) ?? []), problem]);
  }
  return [...same.values()].map(([problem, ...others]) =>
    others.some(({ message }) => message !== problem!.message)
      ? {
          ...problem!,
          message: `${problem!.message}, nor for other tools in the scope (${others.length} more)`,
          suggestion: 'name the tools that have it in the scope: `action in [Action::"…"]`',
        }
      : problem!,
  );
}

/** Without Cedar's name of the rule, which the author never wrote. */
function plain(text: string): string {
  return text
    .replace(`for policy \`${RULE}\`, `, '')
    .replace('failed to parse policy from string: ', '')
    .replace(/\s*\n\s*/g, ' ');
}

/** Cedar counts in bytes of UTF-8. */
function textToByte(text: string, byte: number): string {
  return Buffer.from(text).subarray(0, byte).toString();
}

function lineBreaks(text: string): number {
  return text.split('\n').length - 1;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
