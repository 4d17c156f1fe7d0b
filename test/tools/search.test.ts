import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { searchFiles } from '../../src/tools/search';
import { plainSettings, type ToolWorkspace, toolWorkspace } from '../support/tool-workspace';

let workspace: ToolWorkspace;

beforeEach(() => {
  workspace = toolWorkspace({ settings: { ...plainSettings, protectedPaths: ['prod/'] } });
  for (const folder of ['.git', 'prod']) mkdirSync(join(workspace.folder, folder));
  writeFileSync(join(workspace.folder, '.git', 'config'), 'needle in git\n');
  writeFileSync(join(workspace.folder, 'prod', 'x.tf'), 'needle in production\n');
  writeFileSync(join(workspace.folder, '.env'), 'TOKEN=needle\n');
  writeFileSync(join(workspace.folder, 'a.tf'), 'first\nneedle (1)\nlast\n');
  writeFileSync(join(workspace.folder, '..', 'outside.txt'), 'needle outside\n');
  symlinkSync('..', join(workspace.folder, 'up'));
});
afterEach(() => workspace.remove());

test('finds lines with their places; keys, protected files, git’s own and links are left out', async () => {
  expect((await workspace.call(searchFiles, { pattern: 'needle' })).text).toBe('a.tf:2:needle (1)');
});

test('searches a file of keys when the call names it, which is judged', async () => {
  expect((await workspace.call(searchFiles, { pattern: 'needle', path: '.env' })).text).toBe(
    '.env:1:TOKEN=needle',
  );
});

test('takes plain text, letter case, patterns of names and lines around', async () => {
  expect((await workspace.call(searchFiles, { pattern: '(1)', literal: true })).text).toBe(
    'a.tf:2:needle (1)',
  );
  expect((await workspace.call(searchFiles, { pattern: 'NEEDLE', ignoreCase: true })).text).toContain(
    'a.tf:2',
  );
  expect((await workspace.call(searchFiles, { pattern: 'needle', glob: '*.md' })).text).toBe('(no matches)');
  expect((await workspace.call(searchFiles, { pattern: 'needle', contextLines: 1 })).text).toBe(
    'a.tf:1-first\na.tf:2:needle (1)\na.tf:3-last',
  );
});

test('a pattern cannot become an option, and a broken one is told', async () => {
  expect((await workspace.call(searchFiles, { pattern: '--pre=touch' })).text).toBe('(no matches)');
  const broken = await workspace.call(searchFiles, { pattern: '(' });
  expect(broken).toMatchObject({ ok: false });
  expect(broken.text).toContain('regex parse error');
});

test('does not follow a link that leads out', async () => {
  expect(await workspace.call(searchFiles, { pattern: 'needle', path: 'up' })).toMatchObject({ ok: false });
});
