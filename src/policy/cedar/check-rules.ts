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
import { readRule } from './read-rule';
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
 * Checks the rules of policies against the tools there are, strictly: names of tools, arguments and annotations, types,
 * and whether an optional argument is asked for before it is used. An empty list says that nothing is wrong.
 */
export function checkRules(sources: readonly RuleSource[], tools: Iterable<Tool>): Problem[] {
  const read = sources.map(readRules);
  const rules = read.flat();
  if (rules.length === 0) return [];
  const validated = validateRules(rules, schemaOf(tools));
  return read.flatMap((policy) =>
    [
      ...policy.flatMap((rule) => [...rule.problems, ...(validated.get(rule) ?? [])]),
      ...sameIds(policy),
    ].sort((one, other) => one.line - other.line),
  );
}

/** The rules of a policy with their ids and lines. */
export function writtenRules(source: RuleSource): WrittenRule[] {
  return readRules(source).map(({ id, line, text, json }) => ({ id, line, text, json }));
}

interface ReadRule extends WrittenRule {
  isNamed: boolean;
  /** What is wrong with it by itself. */
  problems: Problem[];
  problemAt(severity: Problem['severity'], message: string, suggestion: string | null): Problem;
  /** What Cedar's validator says of it. */
  fromCedar(severity: Problem['severity'], error: DetailedError): Problem;
}

function sameIds(policy: readonly ReadRule[]): Problem[] {
  const first = new Map<string, ReadRule>();
  return policy.flatMap((rule): Problem[] => {
    const { id, isNamed, problemAt } = rule;
    const other = first.get(id);
    if (other === undefined) first.set(id, rule);
    if (other === undefined || !isNamed) return [];
    return [
      {
        ...problemAt(
          'error',
          `there is another rule \`${id}\` in line ${other.line}: an approval of one would count for both`,
          'give each rule an `@id` of its own',
        ),
        rule: id,
      },
    ];
  });
}

function readRules({ file, policy, markdown, firstLine = 1 }: RuleSource): ReadRule[] {
  let place = 0;
  return splitRules(markdown).blocks.flatMap((block) =>
    splitSource(block.source).map(({ text, offset }): ReadRule => {
      place++;
      const startLine = firstLine + block.line + lineBreaks(block.source.slice(0, offset));
      const answer = readRule(text);
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
      const termProblems = () =>
        (terms?.problems ?? []).map(({ annotation, text: said }) => {
          const at = text.search(new RegExp(`@\\s*${escaped(annotation)}\\b`));
          const [message = said, suggestion = null] = said.split('; ');
          return problem(
            'error',
            startLine + lineBreaks(text.slice(0, Math.max(0, at))),
            message,
            suggestion,
          );
        });
      const uselessPermit = () =>
        problem(
          'warning',
          startLine,
          'a `permit` has no effect: rules only make a verdict stricter',
          'write a `forbid` for what shall not be, or remove the rule',
        );
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
        problems:
          answer.type === 'failure'
            ? answer.errors.slice(0, 1).map((error) => ({
                ...fromCedar('error', error),
                suggestion: error.help ?? error.sourceLocations?.[0]?.label ?? null,
              }))
            : [...termProblems(), ...(answer.json.effect === 'permit' ? [uselessPermit()] : [])],
        problemAt: (severity, message, suggestion) => problem(severity, startLine, message, suggestion),
        fromCedar,
      };
    }),
  );
}

/** Rules that Cedar is given at once: reading the schema takes longer than validating a rule. */
const MAX_AT_ONCE = 250;

/** What Cedar's validator says of rules that it can read. */
function validateRules(
  rules: readonly ReadRule[],
  schema: SchemaJson<string>,
): ReadonlyMap<ReadRule, Problem[]> {
  const readable = rules.filter(({ json }) => json !== null);
  const problems = new Map<ReadRule, Problem[]>();
  for (let from = 0; from < readable.length; from += MAX_AT_ONCE) {
    const some = readable.slice(from, from + MAX_AT_ONCE);
    const together = validate(some, schema);
    // What Cedar does not say of one of the rules is told of the rule that is alone.
    const isTold = together.type === 'success' && together.otherWarnings.length === 0;
    for (const [index, rule] of some.entries())
      problems.set(
        rule,
        isTold
          ? validationProblems(together, nameOf(index), rule)
          : validationProblems(validate([rule], schema), nameOf(0), rule),
      );
  }
  return problems;
}

function validate(rules: readonly ReadRule[], schema: SchemaJson<string>): ValidationAnswer {
  return loadCedar().validate({
    validationSettings: { mode: 'strict' },
    schema,
    policies: { staticPolicies: Object.fromEntries(rules.map(({ text }, index) => [nameOf(index), text])) },
  });
}

function nameOf(index: number): string {
  return `r${index}`;
}

function validationProblems(answer: ValidationAnswer, name: string, { fromCedar }: ReadRule): Problem[] {
  const problemOf = (severity: Problem['severity'], error: DetailedError) =>
    fromCedar(severity, {
      ...error,
      message: withoutName(error.message, name),
      help: error.help && withoutName(error.help, name),
    });
  // `success` says that the validator ran, not that it found nothing.
  if (answer.type === 'failure') return answer.errors.map((error) => problemOf('error', error));
  const about = (found: readonly { policyId: string; error: DetailedError }[]) =>
    found.filter(({ policyId }) => policyId === name).map(({ error }) => error);
  const errors = about(answer.validationErrors).map((error) => problemOf('error', error));
  if (errors.length > 0) return joined(errors);
  return joined(
    [...about(answer.validationWarnings), ...answer.otherWarnings].map((error) => {
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
function withoutName(text: string, name: string): string {
  return text.replace(`for policy \`${name}\`, `, '');
}

function plain(text: string): string {
  return text.replace('failed to parse policy from string: ', '').replace(/\s*\n\s*/g, ' ');
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
