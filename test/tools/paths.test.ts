import fc from 'fast-check';
import { matchesPath } from '../../src/domain/glob';
import { isSecretPath } from '../../src/shell/secret-paths';
import { isWithheld, normalizePath, workspacePath } from '../../src/tools/paths';
import { plainSettings } from '../support/tool-workspace';

test.each([
  ['prod', 'prod', true],
  ['prod', 'a/prod/x.tf', true],
  ['prod/', 'prod/x.tf', true],
  ['/prod', 'a/prod', false],
  ['envs/prod', 'envs/prod/x.tf', true],
  ['envs/prod', 'a/envs/prod', false],
  ['envs/*/main.tf', 'envs/prod/main.tf', true],
  ['envs/*/main.tf', 'envs/a/b/main.tf', false],
  ['envs/**/main.tf', 'envs/a/b/main.tf', true],
  ['envs/**', 'envs/a/b', true],
  ['**/main.tf', 'main.tf', true],
  ['*.lock', 'a/b.lock', true],
  ['*.lock', 'a/b.lockx', false],
  ['PROD', 'prod', true],
  ['a+b(c)', 'a+b(c)', true],
  ['constructor', 'constructor', true],
])('the pattern %s and the path %s: %s', (pattern, path, expected) => {
  expect(matchesPath(pattern, path)).toBe(expected);
});

test.each([
  '.env',
  'a/.env.production',
  'id_ed25519',
  'x.tfstate.backup',
  '.aws/credentials',
  'certs/ca.PEM',
  '.kube/config',
])('%s holds secrets', (path) => expect(isSecretPath(path)).toBe(true));

test.each([
  'main.tf',
  'environment.tf',
  '.env.example',
  'keys.tf',
  'secret-manager.tf',
  'terraform.tfvars',
  'docs/credentials.md',
])('%s does not', (path) => expect(isSecretPath(path)).toBe(false));

test('a normalised path never leaves the workspace, and stays what it is when normalised again', () => {
  const segment = fc.constantFrom('a', 'b.tf', '.', '..', '', '.git', '...', '~', ' ', '-x');
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 6 }), (segments) => {
      const path = segments.join('/');
      const normalized = normalizePath(path);
      if (path.startsWith('/') || segments.includes('..')) expect(normalized).toBeNull();
      else {
        expect(normalizePath(normalized!)).toBe(normalized);
        expect(
          normalized === '.' || normalized!.split('/').every((each) => !['', '.', '..'].includes(each)),
        ).toBe(true);
      }
    }),
  );
});

test('a path that no call may name gives a message of one line', () => {
  expect(() => workspacePath('../a\nb')).toThrow(/^the path `\.\.\/a\uFFFDb` is not in the workspace/);
});

test('a file of keys is withheld from a search unless the call names it', () => {
  const settings = { ...plainSettings, protectedPaths: ['prod/'] };
  expect(isWithheld('.env', '.', settings)).toBe(true);
  expect(isWithheld('.env', '.env', settings)).toBe(false);
  expect(isWithheld('prod/x.tf', '.', settings)).toBe(true);
  expect(isWithheld('main.tf', '.', settings)).toBe(false);
});
