/** Runs `test/cases/organization.yaml` under the rules beside it: a case can be added there without TypeScript. */
import path from 'node:path';
import { readCases, runCase } from '../../../src/policy/case-file';
import { checkRules } from '../../../src/policy/cedar/check-rules';
import { readPolicyFile } from '../../../src/policy/policy-file';
import { catalogueOf } from '../../../src/tools/catalogue';

const folder = path.join(__dirname, '../../cases');
const policy = readPolicyFile(path.join(folder, 'organization.md'));
const cases = readCases(path.join(folder, 'organization.yaml'));

test.each(cases.map((each) => [each.name, each] as const))('%s', async (_name, each) => {
  expect((await runCase(each, [policy])).failures).toEqual([]);
});

test('the rules pass the check of publishing', () => {
  const tools = catalogueOf(cases.find(({ tools }) => tools.length > 0)?.tools ?? []).values();
  expect(
    checkRules([{ file: 'organization.md', policy: policy.name, markdown: policy.content }], tools),
  ).toEqual([]);
});
