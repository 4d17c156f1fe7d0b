import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { queryLogs } from '../../src/tools/logs';
import { type ToolWorkspace, toolWorkspace } from '../support/tool-workspace';

let workspace: ToolWorkspace;

beforeEach(() => {
  workspace = toolWorkspace();
  mkdirSync(join(workspace.folder, 'logs'));
  writeFileSync(
    join(workspace.folder, 'logs', 'app.log'),
    [
      '2026-01-31T08:00:00Z start',
      '2026-01-31 09:00:00,250 ERROR failed',
      '  at line 3',
      '{"time":"2026-01-31T11:00:00+01:00","msg":"ERROR again"}',
      '2026-01-31T12:00:00Z end',
      '',
    ].join('\n'),
  );
  writeFileSync(join(workspace.folder, 'logs', 'b.log'), 'no time ERROR\n');
});
afterEach(() => workspace.remove());

test('gives the last lines, with their places', async () => {
  expect((await workspace.call(queryLogs, { path: 'logs/app.log', limit: 1 })).text).toBe(
    '(4 earlier lines)\nlogs/app.log:5:2026-01-31T12:00:00Z end',
  );
});

test('reads a file of any name when the call names it', async () => {
  writeFileSync(join(workspace.folder, 'messages'), 'hello\n');
  expect((await workspace.call(queryLogs, { path: 'messages' })).text).toBe('messages:1:hello');
});

test('keeps to a pattern over all log files of a folder', async () => {
  expect((await workspace.call(queryLogs, { pattern: 'ERROR (f|a)|no time' })).text.split('\n')).toEqual([
    'logs/app.log:2:2026-01-31 09:00:00,250 ERROR failed',
    'logs/app.log:4:{"time":"2026-01-31T11:00:00+01:00","msg":"ERROR again"}',
    'logs/b.log:1:no time ERROR',
  ]);
});

test('keeps to a span of time; a line without a time belongs to the one before', async () => {
  const span = { since: '2026-01-31T08:30:00Z', until: '2026-01-31T12:00:00Z' };
  const numbers = async (args: object) =>
    (await workspace.call(queryLogs, args)).text
      .split('\n')
      .map((line) => line.split(':').slice(0, 2).join(':'));
  expect(await numbers(span)).toEqual(['logs/app.log:2', 'logs/app.log:3', 'logs/app.log:4']);
  expect(await numbers({ ...span, pattern: 'line' })).toEqual(['logs/app.log:3']);
  expect((await workspace.call(queryLogs, { since: '2026-02-01' })).text).toBe('(no lines)');
});

test('refuses a broken pattern, a time that is none, and a link that leads out', async () => {
  symlinkSync('/var/log', join(workspace.folder, 'var'));
  expect(await workspace.call(queryLogs, { pattern: '(' })).toMatchObject({ ok: false });
  expect(queryLogs.parameters.safeParse({ since: 'yesterday' }).success).toBe(false);
  expect((await workspace.call(queryLogs, { path: 'var' })).text).toContain('leads out of the workspace');
});
