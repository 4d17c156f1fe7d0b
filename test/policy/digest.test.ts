import fc from 'fast-check';
import type { CustomPolicy } from '../../src/domain/policy';
import { createBuildPolicyDigest, policyDigest } from '../../src/policy/digest';
import { readPolicyFile } from '../../src/policy/policy-file';

const HEADER = '# Organization Policies\n\nYou MUST follow these policies when making changes:\n\n';

function policy(parts: Partial<CustomPolicy> = {}): CustomPolicy {
  return {
    id: 'p1',
    name: 'Naming',
    content: 'text',
    isActive: true,
    version: 1,
    organizationId: 'o1',
    ...parts,
  };
}

test('no policies give the empty string', () => {
  expect(policyDigest([])).toBe('');
  expect(policyDigest([policy({ isActive: false })])).toBe('');
});

test('the three example policies give the digest of the chapter', () => {
  const policies = ['naming-conventions', 'no-production-direct-changes', 'encryption-requirements'].map(
    (file, index) =>
      policy({ id: `p${index}`, ...readPolicyFile(`${__dirname}/../../examples/policies/${file}.md`) }),
  );
  expect(policyDigest(policies)).toBe(`${HEADER}## Policy: Encryption at Rest
- All S3 buckets MUST have server-side encryption enabled (SSE-KMS preferred)
- All RDS instances MUST have storage encryption enabled
- All EBS volumes MUST be encrypted
- When fixing encryption findings, use the organization's KMS key: alias/infra-key

## Policy: Resource Naming
- All resources follow the pattern: {env}-{service}-{resource_type}
- Examples: prod-api-rds, staging-web-s3, dev-auth-lambda
- Tags required: Environment, Service, Owner, CostCenter, ManagedBy=terraform

## Policy: No Direct Production Changes
- All changes to production environments MUST go through a pull request
- The PR MUST pass all CI checks before merge
- Production PRs require approval from a senior engineer
- Emergency changes follow the break-glass procedure documented in the runbook
`);
});

test('names sort by code points, not by UTF-16 units or locale; ties by id', () => {
  const names = ['b', 'a', 'B', 'é', '\u{1F600}', '\uFFFD', ''];
  const policies = names.map((name, index) => policy({ id: `p${index}`, name, content: name }));
  policies.push(policy({ id: 'p9', name: 'a', content: 'a later' }));
  expect(policyDigest(policies.reverse())).toBe(
    HEADER + ['', 'B', 'a', 'a later', 'b', 'é', '\uFFFD', '\u{1F600}'].join('\n'),
  );
});

test('inactive and deleted policies are left out', () => {
  const deleted = { ...policy({ id: 'p2', content: 'deleted' }), deletedAt: new Date(0) };
  const kept = { ...policy({ id: 'p3', content: 'kept' }), deletedAt: null };
  expect(policyDigest([deleted, kept, policy({ isActive: false })])).toBe(`${HEADER}kept`);
});

test.each([
  ['in the middle', 'a\n```cedar\nforbid(x);\n```\nb\n', 'a\nb\n'],
  ['at the end, without a newline', 'a\n```cedar\nforbid(x);\n```', 'a\n'],
  ['with one following newline only', 'a\n```cedar\n```\n\nb', 'a\n\nb'],
  ['with Windows line ends', 'a\r\n```cedar\r\nforbid(x);\r\n```\r\nb\r\n', 'a\r\nb\r\n'],
  ['with tildes and a longer fence', '~~~~ cedar\n~~~\n~~~~\nb', 'b'],
  ['indented by up to three spaces', '   ```cedar\nforbid(x);\n  ```\nb', 'b'],
  ['twice', '```cedar\n1\n```\na\n```cedar\n2\n```\nb', 'a\nb'],
  ['never closed', 'a\n```cedar\nforbid(x);\n', 'a\n'],
])('a rule block is removed with its fences: %s', (_where, content, prose) => {
  expect(policyDigest([policy({ content })])).toBe(HEADER + prose);
});

test.each([
  ['another language', 'a\n```yaml\ncedar\n```\n'],
  ['a language that only begins so', '```cedarish\nx\n```\n'],
  ['a block shown inside another', '````markdown\n```cedar\nforbid(x);\n```\n````\n'],
  ['the word inside a line', 'write ```cedar``` blocks\n'],
  ['an indented code block', '    ```cedar\n    x\n'],
  ['odd spacing and no last newline', ' \t\n\n  a \r\n\n'],
])('content without a rule block stays byte for byte: %s', (_what, content) => {
  expect(policyDigest([policy({ content })])).toBe(HEADER + content);
});

const text = fc.string({ unit: 'grapheme' }).filter((each) => !/`{3}|~{3}/.test(each));
const policies = fc.array(
  fc
    .record({ id: fc.uuid(), name: text, content: text, isActive: fc.boolean() })
    .map((parts) => policy(parts)),
);

test('the order in which policies arrive does not matter', () => {
  fc.assert(
    fc.property(
      policies.chain((all) =>
        fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
      ),
      ([all, shuffled]) => expect(policyDigest(shuffled)).toBe(policyDigest(all)),
    ),
  );
});

test('the digest is the header and the contents, joined with newlines, nothing lost and nothing added', () => {
  fc.assert(
    fc.property(policies, (all) => {
      const active = all.filter((each) => each.isActive);
      const digest = policyDigest(all);
      if (active.length === 0) return digest === '';
      const contents = active.map((each) => each.content);
      expect(digest).toHaveLength(HEADER.length + contents.join('\n').length);
      for (const content of contents) expect(digest.slice(HEADER.length)).toContain(content);
      return true;
    }),
  );
});

test('a rule block inserted between lines leaves the prose as it was', () => {
  const line = text.filter((each) => !/[\r\n]/.test(each)).map((each) => `${each}\n`);
  fc.assert(
    fc.property(fc.array(line), fc.array(line), fc.array(line), (before, rule, after) => {
      const content = [...before, '```cedar\n', ...rule, '```\n', ...after].join('');
      expect(policyDigest([policy({ content })])).toBe(HEADER + [...before, ...after].join(''));
    }),
  );
});

test('a digest is built from the policies of one organization', async () => {
  const buildPolicyDigest = createBuildPolicyDigest({
    listActive: async (organizationId) => [policy({ content: organizationId })],
  });
  expect(await buildPolicyDigest('o7')).toBe(`${HEADER}o7`);
});
