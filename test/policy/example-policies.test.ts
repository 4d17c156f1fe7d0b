/** The tables beside the example policies: every case holds, and no rule can be removed without one of them failing. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { type Decision, reasons } from '../../src/domain/decision';
import { AutonomyTier, type tierNames } from '../../src/domain/tier';
import { checkRules, writtenRules } from '../../src/policy/cedar/check-rules';
import { createOfflineJudge } from '../../src/policy/offline-judge';
import type { PolicyFile } from '../../src/policy/policy-file';
import { readPolicyFolder } from '../../src/policy/policy-folder';
import { builtInTools } from '../../src/tools/catalogue';
import { agent } from './fixture';

interface Case {
  name: string;
  agent: { name?: string; tier: (typeof tierNames)[number] };
  call: { tool: string; args: unknown };
  expect: {
    verdict: string;
    effect: string;
    reasons?: { layer: string; rule?: string; message?: string }[];
  };
}

const policies = readPolicyFolder(path.join(__dirname, '../../examples/policies'));

async function decide(each: Case, policy: PolicyFile): Promise<Decision> {
  const { name, tier } = each.agent;
  const judge = createOfflineJudge({
    agent: agent({ ...(name ? { name } : {}), tier: AutonomyTier[tier] }),
    policies: [policy],
  });
  const call = { id: 'c', tool: each.call.tool, args: JSON.stringify(each.call.args) };
  return (await judge.judge(call)).decision;
}

function holds(decision: Decision, { expect: expected }: Case): boolean {
  const found = reasons(decision);
  const wanted = expected.reasons;
  return (
    decision.verdict === expected.verdict &&
    decision.effect === expected.effect &&
    (!wanted ||
      (found.length === wanted.length &&
        wanted.every(
          ({ layer, rule, message }, index) =>
            found[index]?.layer === layer &&
            (rule === undefined || found[index]?.rule === rule) &&
            (message === undefined || found[index]?.message.includes(message)),
        )))
  );
}

describe.each(policies.map((policy) => [policy.name, policy] as const))('%s', (_name, policy) => {
  const cases = parse(readFileSync(policy.file.replace(/\.md$/, '.test.yaml'), 'utf8')) as Case[];

  test('has rules that are right for the tools there are', () => {
    const source = { file: policy.file, policy: policy.name, markdown: policy.content };
    expect(checkRules(source, builtInTools.values())).toEqual([]);
  });

  test.each(cases.map((each) => [each.name, each] as const))('%s', async (_case, each) => {
    const decision = await decide(each, policy);
    expect({ ...decision, holds: holds(decision, each) }).toMatchObject({ holds: true, errors: [] });
  });

  test('every rule is held by a case', async () => {
    const rules = writtenRules({ file: policy.file, policy: policy.name, markdown: policy.content });
    for (const { id, text } of rules) {
      const without = policy.content.replace(text, '');
      expect(without).not.toBe(policy.content);
      const results = await Promise.all(
        cases.map(async (each) => holds(await decide(each, { ...policy, content: without }), each)),
      );
      expect([id, results.includes(false)]).toEqual([id, true]);
    }
  });
});
