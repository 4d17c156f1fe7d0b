/** The tables beside the example policies: every case holds, and no rule can be removed without one of them failing. */
import path from 'node:path';
import { readCases, runCase } from '../../src/policy/case-file';
import { checkRules, writtenRules } from '../../src/policy/cedar/check-rules';
import { readPolicyFolder } from '../../src/policy/policy-folder';
import { builtInTools } from '../../src/tools/catalogue';

const policies = readPolicyFolder(path.join(__dirname, '../../examples/policies'));

describe.each(policies.map((policy) => [policy.name, policy] as const))('%s', (_name, policy) => {
  const cases = readCases(policy.file.replace(/\.md$/, '.test.yaml'));
  const source = { file: policy.file, policy: policy.name, markdown: policy.content };

  test('has rules that are right for the tools there are', () => {
    expect(checkRules([source], builtInTools.values())).toEqual([]);
  });

  test.each(cases.map((each) => [each.name, each] as const))('%s', async (_case, each) => {
    expect((await runCase(each, [policy])).failures).toEqual([]);
  });

  test('every rule is held by a case', async () => {
    for (const { id, text } of writtenRules(source)) {
      const without = { ...policy, content: policy.content.replace(text, '') };
      expect(without.content).not.toBe(policy.content);
      const results = await Promise.all(cases.map((each) => runCase(each, [without])));
      expect([id, results.some(({ failures }) => failures.length > 0)]).toEqual([id, true]);
    }
  });
});
