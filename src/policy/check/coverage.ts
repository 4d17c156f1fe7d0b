import { GatehouseError } from '../../domain/errors';
import { type CaseResult, runCase } from '../case-file';
import type { Problem } from '../cedar/check-rules';
import type { PolicyFile } from '../policy-file';
import type { FiledPolicy } from '../policy-folder';
import { type Bullet, bulletsOf, bulletsQuoted } from './bullets';
import { type PolicyTests, parseTests, readTests, runTests } from './policy-tests';
import { quotesOf, type RuleShape, ruleShapes } from './rule-shape';
import { withoutRule } from './without-rule';

/** A bullet of a policy and what holds it. */
export interface CoveredBullet {
  policy: string;
  file: string;
  /** Of the file, from 1. */
  line: number;
  text: string;
  demand: Bullet['demand'];
  state: 'enforced' | 'advisory';
  /** Rules that enforce it, each with the tests that fail without the rule. */
  rules: { id: string; tests: string[] }[];
}

export interface Coverage {
  bullets: CoveredBullet[];
  /** Claims that are not accepted. */
  problems: Problem[];
}

/**
 * Says of every bullet whether a rule enforces it. A rule claims bullets with `@enforces("…")`, quoting enough of each to
 * tell it from the others; a claim is accepted when a test that passes fails once the rule is taken out.
 */
export async function coverageOf(policies: readonly FiledPolicy[]): Promise<Coverage> {
  const coverage: Coverage = { bullets: [], problems: [] };
  for (const policy of policies) {
    const { bullets, problems } = await coverPolicy(policy, () => readTests(policy));
    coverage.bullets.push(...bullets);
    coverage.problems.push(...problems);
  }
  return coverage;
}

/** As {@link coverageOf}, of a policy that is stored with its tests: lines are those of its content. */
export function coverageOfStored(policy: PolicyFile): Promise<Coverage> {
  const { name, tests } = policy;
  return coverPolicy({ ...policy, file: name, firstLine: 1 }, () =>
    tests === undefined ? null : parseTests(tests, 'its tests'),
  );
}

async function coverPolicy(policy: FiledPolicy, testsOf: () => PolicyTests | null): Promise<Coverage> {
  const { name, file, content, firstLine } = policy;
  const bullets = bulletsOf(content);
  const covered = new Map(
    bullets.map((bullet): [Bullet, CoveredBullet] => [
      bullet,
      { ...bullet, policy: name, file, line: firstLine + bullet.line - 1, state: 'advisory', rules: [] },
    ]),
  );
  const problems: Problem[] = [];
  const claiming = ruleShapes(policy).filter((rule) => quotesOf(rule).length > 0);
  const tested = claiming.length > 0 ? await testedBy(policy, testsOf) : null;
  for (const rule of claiming) {
    const refuse = (message: string, suggestion: string | null) =>
      problems.push({ severity: 'error', file, line: rule.line, rule: rule.id, message, suggestion });
    const claimed = quotesOf(rule).flatMap((quote) => {
      const found = bulletsQuoted(bullets, quote);
      if (found.length === 1) return found;
      if (found.length === 0)
        refuse(`\`@enforces\` quotes no bullet: "${quote}"`, 'quote the bullet as it is written');
      else
        refuse(
          `\`@enforces\` quotes ${found.length} bullets: "${quote}"`,
          'quote more, so that it is told from the others',
        );
      return [];
    });
    if (claimed.length === 0) continue;
    if (rule.isObserved || rule.outcome.kind === 'none') {
      refuse('its claim is not accepted: the rule refuses nothing', 'take `@observe` or `@enforces` away');
      continue;
    }
    const proof = await proofOf(rule, policy, tested);
    if ('problem' in proof) {
      refuse(`its claim is not accepted: ${proof.problem}`, proof.suggestion);
      continue;
    }
    for (const bullet of claimed) {
      const entry = covered.get(bullet);
      if (!entry) continue;
      entry.state = 'enforced';
      entry.rules.push({ id: rule.id, tests: proof.tests });
    }
  }
  return { bullets: [...covered.values()], problems };
}

interface Tested {
  tests: PolicyTests;
  results: CaseResult[];
}

/** A policy's tests and how they went; a problem where they cannot be read. */
async function testedBy(
  policy: FiledPolicy,
  testsOf: () => PolicyTests | null,
): Promise<Tested | { problem: string } | null> {
  try {
    const tests = testsOf();
    return tests ? { tests, results: await runTests(tests, policy) } : null;
  } catch (error) {
    if (error instanceof GatehouseError) return { problem: error.message };
    throw error;
  }
}

type Proof = { tests: string[] } | { problem: string; suggestion: string | null };

/** The tests that hold a rule: they pass with it and fail without. */
async function proofOf(
  rule: RuleShape,
  policy: FiledPolicy,
  tested: Tested | { problem: string } | null,
): Promise<Proof> {
  if (!tested) return { problem: 'the policy has no tests', suggestion: 'write a case that needs this rule' };
  if ('problem' in tested) return { problem: tested.problem, suggestion: null };
  const without = withoutRule(policy, rule);
  const tests: string[] = [];
  for (const [index, { name, failures, rules }] of tested.results.entries()) {
    const each = tested.tests.cases[index];
    // A rule that said nothing in a case is not missed in it.
    if (!each || failures.length > 0 || !rules.includes(rule.id)) continue;
    const mutated = await runCase(each, [without]);
    if (mutated.failures.length > 0) tests.push(name);
  }
  return tests.length > 0
    ? { tests }
    : {
        problem: `no test of ${tested.tests.file} fails without the rule`,
        suggestion: 'write a case that needs this rule',
      };
}
