import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parsePolicy, readPolicyFile } from '../../src/policy/policy-file';

test('content is what follows the front matter, byte for byte', () => {
  const content = '\n  ## Policy \r\n- a --- b\n---\n\n';
  expect(parsePolicy(`---\nname: Naming\nversion: 3\n---\n${content}`, 'naming.md')).toEqual({
    name: 'Naming',
    version: 3,
    content,
  });
  expect(parsePolicy('---\r\nname: Naming\r\nversion: 3\r\n---\r\na\r\n', 'naming.md').content).toBe('a\r\n');
});

test.each([
  ['no front matter', '# Policy\n', 'p.md:1: must begin with front matter'],
  ['front matter that does not end', '---\nname: a\nversion: 1\n', 'p.md:1: must begin with front matter'],
  [
    'front matter that comes later',
    '\n---\nname: a\nversion: 1\n---\na',
    'p.md:1: must begin with front matter',
  ],
  ['an unknown key', '---\nname: a\nversion: 1\nowner: b\n---\na', 'p.md:4: unknown key `owner`'],
  ['no version', '---\nname: a\n---\na', 'p.md:2: `version`: is missing'],
  ['a version that is text', '---\nname: a\nversion: one\n---\na', 'p.md:3: `version`: '],
  ['broken YAML', '---\nname: [a\nversion: 1\n---\na', 'p.md:'],
  [
    'an open rule block',
    '---\nname: a\nversion: 1\n---\na\n```cedar\nforbid(',
    'p.md:6: this `cedar` block is not closed',
  ],
  ['nothing to say', '---\nname: a\nversion: 1\n---\n \n', 'p.md:5: the policy says nothing'],
  ['what the database cannot hold', '---\nname: a\nversion: 1\n---\na\0', 'p.md:5: the text holds a NUL'],
])('%s is refused with its line', (_what, text, message) => {
  expect(() => parsePolicy(text, 'p.md')).toThrow(
    expect.objectContaining({ code: 'policy-file-invalid', message: expect.stringContaining(message) }),
  );
});

test('a file that is not there, or not UTF-8, says so', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-policy-'));
  const file = path.join(folder, 'latin.md');
  writeFileSync(file, Buffer.from('---\nname: caf\xe9\nversion: 1\n---\na', 'latin1'));
  expect(() => readPolicyFile(file)).toThrow(/latin\.md: is not UTF-8 text/);
  expect(() => readPolicyFile(path.join(folder, 'none.md'))).toThrow(
    /none\.md: there is no such file; a policy file was looked for here/,
  );
  rmSync(folder, { recursive: true });
});

test('a named pipe is refused instead of waited for', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-policy-'));
  const file = path.join(folder, 'pipe.md');
  execFileSync('mkfifo', [file]);
  // A writer, so that a reader that does open the pipe gets an end instead of hanging this test.
  const writer = spawn('sh', ['-c', ': > "$1"', 'sh', file], { stdio: 'ignore' });
  expect(() => readPolicyFile(file)).toThrow(
    /pipe\.md: is not a regular file; a policy file was looked for here/,
  );
  writer.kill();
  rmSync(folder, { recursive: true });
});

test('every example policy can be read', () => {
  const policies = path.resolve(__dirname, '../../examples/policies');
  const names = readdirSync(policies)
    .filter((name) => name.endsWith('.md'))
    .map((name) => readPolicyFile(path.join(policies, name)).name);
  expect(names.sort()).toEqual([
    'Encryption Requirements',
    'Naming Conventions',
    'No Production Direct Changes',
  ]);
});
