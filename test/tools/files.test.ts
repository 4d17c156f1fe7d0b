import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { listFiles, readFile, writeFile } from '../../src/tools/files';
import { type ToolWorkspace, toolWorkspace } from '../support/tool-workspace';

let workspace: ToolWorkspace;

beforeEach(() => {
  workspace = toolWorkspace();
  mkdirSync(join(workspace.folder, '.git'));
  writeFileSync(join(workspace.folder, '.git', 'config'), '[core]\n');
  mkdirSync(join(workspace.folder, 'modules'));
  writeFileSync(join(workspace.folder, 'main.tf'), 'one\ntwo\nthree\n');
  writeFileSync(join(workspace.folder, 'modules', 'a b.tf'), 'spaced\n');
  writeFileSync(join(workspace.folder, '..', 'outside.txt'), 'outside\n');
});
afterEach(() => workspace.remove());

describe('read-file', () => {
  test('gives a file as it is', async () => {
    expect(await workspace.call(readFile, { path: 'main.tf' })).toEqual({
      ok: true,
      text: 'one\ntwo\nthree\n',
    });
    expect((await workspace.call(readFile, { path: './modules//a b.tf' })).text).toBe('spaced\n');
  });

  test('gives a part of a file and says which', async () => {
    const part = await workspace.call(readFile, { path: 'main.tf', offset: 2, limit: 1 });
    expect(part.text).toBe('two\n(lines 2 to 2 of 3)');
    expect((await workspace.call(readFile, { path: 'main.tf', offset: 9 })).text).toBe(
      '(the file has 3 lines)',
    );
  });

  test('gives the last line that has no end', async () => {
    writeFileSync(join(workspace.folder, 'open'), 'a\nb');
    expect((await workspace.call(readFile, { path: 'open' })).text).toBe('a\nb');
  });

  test('lists a folder, without git’s own', async () => {
    expect((await workspace.call(readFile, { path: '.' })).text).toBe('main.tf\nmodules/');
  });

  test('takes a name that looks like an option or a substitution for a name', async () => {
    for (const name of ['-n', '$(touch pwned)', '; touch pwned', '`touch pwned`']) {
      writeFileSync(join(workspace.folder, name), 'plain\n');
      expect((await workspace.call(readFile, { path: name })).text).toBe('plain\n');
    }
    expect(readdirSync(workspace.folder)).not.toContain('pwned');
  });

  test('fails on what is not there, empty or binary, in words', async () => {
    writeFileSync(join(workspace.folder, 'bin'), Buffer.from([1, 0, 2]));
    writeFileSync(join(workspace.folder, 'empty'), '');
    expect(await workspace.call(readFile, { path: 'no.tf' })).toMatchObject({
      ok: false,
      text: 'cannot read `no.tf`: there is no such file',
    });
    expect((await workspace.call(readFile, { path: 'bin' })).text).toContain('it is a binary file');
    expect((await workspace.call(readFile, { path: 'empty' })).text).toBe('(an empty file)');
  });

  test('does not follow a link that leads out of the workspace, whole or on its way', async () => {
    symlinkSync('../outside.txt', join(workspace.folder, 'out'));
    symlinkSync('..', join(workspace.folder, 'up'));
    symlinkSync('/etc', join(workspace.folder, 'etc'));
    for (const path of ['out', 'up/outside.txt', 'etc/passwd']) {
      const result = await workspace.call(readFile, { path });
      expect(result.ok).toBe(false);
      expect(result.text).toContain('leads out of the workspace');
    }
  });

  test('does not follow a link into .git, and names what another link leads to', async () => {
    symlinkSync('.git/config', join(workspace.folder, 'conf'));
    symlinkSync('main.tf', join(workspace.folder, 'alias.tf'));
    expect((await workspace.call(readFile, { path: 'conf' })).text).toContain('leads into .git');
    expect((await workspace.call(readFile, { path: 'alias.tf' })).text).toContain('link to main.tf');
  });

  test.each([
    '/etc/passwd',
    '../outside.txt',
    'a/../../outside.txt',
    '.git/config',
    'x/.GIT/y',
    'a\0b',
  ])('will not run on %j even where nobody judged it', async (path) => {
    await expect(workspace.call(readFile, { path })).rejects.toThrow('is not in the workspace or is git');
  });
});

describe('write-file', () => {
  test('writes a file whole, makes its folders and leaves nothing beside it', async () => {
    const content = 'ä "$(touch pwned)"\n';
    expect(await workspace.call(writeFile, { path: 'new/deep/x.tf', content })).toMatchObject({
      ok: true,
      text: 'wrote `new/deep/x.tf` (20 bytes)',
    });
    expect(readFileSync(join(workspace.folder, 'new/deep/x.tf'), 'utf8')).toBe(content);
    expect(readdirSync(join(workspace.folder, 'new/deep'))).toEqual(['x.tf']);
  });

  test('keeps the mode of a file it replaces', async () => {
    chmodSync(join(workspace.folder, 'main.tf'), 0o755);
    await workspace.call(writeFile, { path: 'main.tf', content: '' });
    expect(statSync(join(workspace.folder, 'main.tf')).mode & 0o777).toBe(0o755);
  });

  test('does not write through a link or onto a folder', async () => {
    symlinkSync('../outside.txt', join(workspace.folder, 'out'));
    symlinkSync('..', join(workspace.folder, 'up'));
    symlinkSync('.git', join(workspace.folder, 'g'));
    for (const path of ['out', 'up/new.txt', 'g/hooks/pre-commit', 'modules', 'modules/'])
      expect((await workspace.call(writeFile, { path, content: 'x' })).ok).toBe(false);
    expect(readFileSync(join(workspace.folder, '../outside.txt'), 'utf8')).toBe('outside\n');
    expect(readdirSync(join(workspace.folder, '..')).sort()).toEqual(['outside.txt', 'workspace']);
    expect(readdirSync(join(workspace.folder, '.git'))).toEqual(['config']);
  });
});

describe('list-files', () => {
  test('names files below a folder, hidden ones too, git’s own and ignored ones not', async () => {
    writeFileSync(join(workspace.folder, '.gitignore'), 'ignored.txt\n');
    writeFileSync(join(workspace.folder, 'ignored.txt'), '');
    expect((await workspace.call(listFiles, {})).text).toBe('.gitignore\nmain.tf\nmodules/a b.tf');
    expect((await workspace.call(listFiles, { path: 'modules' })).text).toBe('modules/a b.tf');
  });

  test('keeps to a pattern and a limit', async () => {
    expect((await workspace.call(listFiles, { pattern: 'modules/**' })).text).toBe('modules/a b.tf');
    expect((await workspace.call(listFiles, { pattern: '*.md' })).text).toBe('(no files)');
    expect((await workspace.call(listFiles, { pattern: '*.tf', limit: 1 })).text).toBe(
      'main.tf\n(and 1 more)',
    );
  });
});
