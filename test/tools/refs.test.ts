import { gitDiff, gitLog } from '../../src/tools/git-read';
import { gitPush } from '../../src/tools/git-write';
import { protectingBranchPattern } from '../../src/tools/refs';

test.each([
  '--output=/tmp/x',
  '-p',
  'a..b',
  'HEAD:main.tf',
  'x;y',
  '@{-1}',
  '',
])('%j is no revision', (text) => {
  expect(gitDiff.parameters.safeParse({ base: text }).success).toBe(false);
  expect(gitDiff.parameters.safeParse({ head: text }).success).toBe(false);
  expect(gitLog.parameters.safeParse({ ref: text }).success).toBe(false);
});

test.each([
  'HEAD',
  'HEAD~2',
  'main^',
  'v1.2.3',
  'origin/main',
  'gatehouse/run-1',
  '0a1b2c3',
])('%s is a revision', (text) => {
  expect(gitDiff.parameters.safeParse({ base: text }).success).toBe(true);
});

test.each([
  'refs/heads/main',
  '-f',
  '+main',
  'a:b',
  'a..b',
  'x.lock',
  'x.lock/y',
  'HEAD',
  'a b',
  'main/',
  'a//b',
  'a/.b',
  'a\nb',
  'mаin',
])('%j is no branch', (branch) => {
  expect(gitPush.parameters.safeParse({ branch }).success).toBe(false);
});

test('a pattern protects whole names, within a segment, whatever their letter case', () => {
  const patterns = ['main', 'release/*', 'env-*-live', 'a.b'];
  for (const branch of ['main', 'MAIN', 'release/1.0', 'env-eu-live', 'a.b'])
    expect(protectingBranchPattern(branch, patterns)).not.toBeNull();
  for (const branch of ['maintain', 'x/main', 'release', 'release/1/x', 'env-/-live', 'axb'])
    expect(protectingBranchPattern(branch, patterns)).toBeNull();
});
