import type { Agent } from '../../domain/agent';
import { GatehouseError } from '../../domain/errors';
import { isAllowed, normalizeToolName } from '../../domain/permissions';
import type { PolicySnapshot } from '../../domain/policy';
import type { Tool } from '../../tools/tool';
import { checkRules, type Problem } from '../cedar/check-rules';
import { slugOf } from '../cedar/compile-rules';
import { type FiledPolicy, policyFiles, readFiledPolicy, sameNames } from '../policy-folder';
import { ruleSource } from '../rule-problems';
import { compileSnapshot } from '../snapshot';
import { coveredRules } from './covered-rules';
import { impossibleTest } from './impossible-tests';
import { orphanedTests, readTests, runTests, testFileOf } from './policy-tests';
import { type RuleShape, ruleShapes } from './rule-shape';

/** One policy and how its tests went. */
export interface CheckedPolicy {
  name: string;
  version: number;
  file: string;
  rules: number;
  tests: { file: string | null; passed: number; failed: number };
}

export interface PolicyCheck {
  policies: CheckedPolicy[];
  /** By file and line; errors keep a policy from being published. */
  problems: Problem[];
}

export interface CheckOptions {
  /** Tools that rules may name. */
  tools: Iterable<Tool>;
  /** Those that the policies are for; rules that concern none of them are warned of. */
  agents: readonly Agent[];
}

/**
 * Checks the policies of a folder: files, rules, what rules do to each other, and the table of cases beside each.
 *
 * @throws GatehouseError `policy-folder-invalid` when there is none
 */
export async function checkPolicies(folder: string, { tools, agents }: CheckOptions): Promise<PolicyCheck> {
  const known = [...tools];
  const problems: Problem[] = [];
  const policies: FiledPolicy[] = [];
  const unread: { file: string }[] = [];
  for (const file of policyFiles(folder)) {
    try {
      policies.push(readFiledPolicy(file));
    } catch (error) {
      problems.push(...problemsOf(error, file));
      unread.push({ file });
    }
  }
  problems.push(
    ...nameProblems(policies),
    ...checkRules(policies.map(ruleSource), known),
    ...orphanedTests(folder, [...policies, ...unread]).map((file) =>
      problemAt('error', file, 1, 'there is no policy beside these tests', `name it as a policy is named`),
    ),
  );
  const shapes = policies.map(ruleShapes);
  problems.push(...uselessRules(shapes.flat(), problems), ...unusedRules(shapes.flat(), agents));
  const checked: CheckedPolicy[] = [];
  for (const [index, policy] of policies.entries()) {
    const rules = shapes[index] ?? [];
    const tested = await testPolicy(policy, rules);
    problems.push(...tested.problems);
    const { name, version, file } = policy;
    checked.push({ name, version, file, rules: rules.length, tests: tested.tests });
  }
  return {
    policies: checked,
    problems: withoutEchoes(problems).sort((one, other) =>
      one.file === other.file ? one.line - other.line : one.file < other.file ? -1 : 1,
    ),
  };
}

/** Of a rule that is wrong nothing else is worth saying. */
function withoutEchoes(problems: readonly Problem[]): Problem[] {
  const wrong = new Set(
    problems.flatMap(({ severity, file, rule }) =>
      severity === 'error' && rule !== null ? [`${file} ${rule}`] : [],
    ),
  );
  return problems.filter(({ severity, file, rule }) => severity === 'error' || !wrong.has(`${file} ${rule}`));
}

function nameProblems(policies: readonly FiledPolicy[]): Problem[] {
  const same = sameNames(policies).map(({ name, file, first }) =>
    problemAt(
      'error',
      file,
      1,
      `the policy \`${name}\` has the name of the one in ${first}`,
      'give it another',
    ),
  );
  const slugs = new Map<string, FiledPolicy>();
  for (const policy of policies) {
    const first = slugs.get(slugOf(policy.name));
    if (first && first.name !== policy.name)
      same.push(
        problemAt(
          'error',
          policy.file,
          1,
          `rules of \`${policy.name}\` and of \`${first.name}\` (${first.file}) would have the same ids, \`${slugOf(policy.name)}/…\``,
          'give it a name that differs in letters or digits',
        ),
      );
    else slugs.set(slugOf(policy.name), policy);
  }
  return same;
}

/** Rules that can never match, and rules that another one covers; those that are wrong otherwise are left out. */
function uselessRules(rules: readonly RuleShape[], problems: readonly Problem[]): Problem[] {
  const errors = problems.filter(({ severity }) => severity === 'error');
  const wrong = new Set(errors.flatMap(({ file, line, rule }) => [`${file}:${line}`, `${file} ${rule}`]));
  const isWrong = ({ file, line, id }: RuleShape) =>
    wrong.has(`${file}:${line}`) || wrong.has(`${file} ${id}`);
  const sound = rules.filter((rule) => !isWrong(rule));
  const impossible = sound.flatMap((rule) => {
    const why = impossibleTest(rule);
    return why ? [ruleProblem('error', rule, why.message, why.suggestion)] : [];
  });
  const covered = coveredRules(sound).map(({ rule, by }) =>
    ruleProblem(
      'warning',
      rule,
      `this rule changes nothing: \`${by.id}\` (${by.file}:${by.line}) is as strict wherever it matches`,
      'remove one of them',
    ),
  );
  return [...impossible, ...covered];
}

/** Rules about tools that none of the agents may use. */
function unusedRules(rules: readonly RuleShape[], agents: readonly Agent[]): Problem[] {
  if (agents.length === 0) return [];
  const open = agents.map((agent) =>
    openTo(compileSnapshot({ organizationId: 'local', agent, policies: [] })),
  );
  return rules.flatMap((rule) => {
    const { tools } = rule;
    if (tools === 'every' || [...tools].some((tool) => open.some((isOpen) => isOpen(tool)))) return [];
    const named = [...tools].map((tool) => `\`${tool}\``).join(', ');
    return [
      ruleProblem('warning', rule, `none of the agents may use ${named}, so this rule judges nothing`, null),
    ];
  });
}

function openTo({ permissions }: PolicySnapshot): (tool: string) => boolean {
  const denied = new Set(permissions.deniedTools.map(normalizeToolName));
  return (tool) => !denied.has(normalizeToolName(tool)) && isAllowed(permissions.allowed, tool);
}

async function testPolicy(
  policy: FiledPolicy,
  rules: readonly RuleShape[],
): Promise<Pick<CheckedPolicy, 'tests'> & { problems: Problem[] }> {
  const none = { file: null, passed: 0, failed: 0 };
  let tests: ReturnType<typeof readTests>;
  try {
    tests = readTests(policy);
  } catch (error) {
    return { tests: none, problems: problemsOf(error, testFileOf(policy)) };
  }
  if (!tests) {
    if (rules.length === 0) return { tests: none, problems: [] };
    const missing = problemAt(
      'warning',
      policy.file,
      1,
      'its rules have no tests',
      `write ${testFileOf(policy)}`,
    );
    return { tests: none, problems: [missing] };
  }
  const { file } = tests;
  const results = await runTests(tests, policy);
  const problems = results.flatMap(({ name, line, failures }) =>
    failures.map((failure) => problemAt('error', file, line, `\`${name}\`: ${failure}`, null)),
  );
  const failed = results.filter(({ failures }) => failures.length > 0).length;
  const spoken = new Set(results.flatMap((result) => result.rules));
  for (const rule of rules)
    if (rule.outcome.kind !== 'none' && !spoken.has(rule.id))
      problems.push(ruleProblem('warning', rule, 'no test makes this rule speak', `add a case to ${file}`));
  return { tests: { file, passed: results.length - failed, failed }, problems };
}

function ruleProblem(
  severity: Problem['severity'],
  { file, line, id }: RuleShape,
  message: string,
  suggestion: string | null,
): Problem {
  return { severity, file, line, rule: id, message, suggestion };
}

function problemAt(
  severity: Problem['severity'],
  file: string,
  line: number,
  message: string,
  suggestion: string | null,
): Problem {
  return { severity, file, line, rule: null, message, suggestion };
}

/** What a file's error says, line by line. */
function problemsOf(error: unknown, file: string): Problem[] {
  if (!(error instanceof GatehouseError)) throw error;
  return error.message.split(`; ${file}:`).map((part) => {
    const text = part.startsWith(`${file}:`) ? part.slice(file.length + 1) : part;
    const [, line, message] = /^(\d+): ([\s\S]*)$/.exec(text) ?? [null, '1', text.trim()];
    return problemAt('error', file, Number(line), message ?? text, null);
  });
}
