import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readStaticCredentials } from '../../src/sandbox/static-credentials';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'static-credentials-'));
  write('token', 'top-secret-token\n');
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string, mode = 0o600): string {
  writeFileSync(join(folder, name), text, { mode });
  return join(folder, name);
}

const ENTRY = `- host: api.example.com
  header: Authorization
  template: Bearer {}
  secretFile: token
  organizations: [local]
`;

test('a credential is for the organizations it names, and for production unless it says more', async () => {
  const credentialsOf = readStaticCredentials(write('credentials.yaml', ENTRY));
  const [rule] = credentialsOf({ organization: 'local' }, 'production');
  expect(rule).toMatchObject({ host: 'api.example.com', header: 'Authorization', template: 'Bearer {}' });
  expect(credentialsOf({ organization: 'local' }, 'sandbox')).toEqual([]);
  expect(credentialsOf({ organization: 'other' }, 'production')).toEqual([]);
  const wider = readStaticCredentials(write('wider.yaml', `${ENTRY}  effects: [sandbox]\n`));
  expect(wider({ organization: 'local' }, 'sandbox')).toHaveLength(1);
});

test('a secret that was changed is the next one used', async () => {
  const [rule] = readStaticCredentials(write('credentials.yaml', ENTRY))(
    { organization: 'local' },
    'production',
  );
  expect(await rule?.source()).toBe('top-secret-token');
  write('token', 'another-secret');
  expect(await rule?.source()).toBe('another-secret');
});

test.each([
  ['a word that is not known', `${ENTRY}  value: top-secret-token\n`, 'Unrecognized key'],
  ['no organization', ENTRY.replace('[local]', '[]'), 'organizations'],
  ['every host', ENTRY.replace('api.example.com', '"*"'), "must be a host as in an agent's `network`"],
  [
    'a header that frames requests',
    ENTRY.replace('Authorization', 'Content-Length'),
    'how a request is sent',
  ],
  ['a template without a place', ENTRY.replace('Bearer {}', 'Bearer'), 'where the secret goes'],
  ['a secret that is not there', ENTRY.replace('token', 'none'), 'missing or malformed'],
  ['no list', 'top-secret-token', 'expected array'],
])('refused, and no secret told: %s', (_, text, why) => {
  const file = write('credentials.yaml', text);
  expect(() => readStaticCredentials(file)).toThrow(why);
  expect(() => readStaticCredentials(file)).not.toThrow('top-secret-token');
});

test('what others may read is refused: the file, and a secret', () => {
  const open = write('open.yaml', ENTRY, 0o644);
  expect(() => readStaticCredentials(open)).toThrow('use mode 0600');
  write('open-token', 'top-secret-token', 0o640);
  const file = write('credentials.yaml', ENTRY.replace('secretFile: token', 'secretFile: open-token'));
  expect(() => readStaticCredentials(file)).toThrow('use mode 0600');
});
