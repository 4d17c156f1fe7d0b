import { spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GrantClaims } from '../../src/domain/grant';
import { sha256 } from '../../src/domain/hashing';
import { createJournal, type JournalRecord } from '../../src/sandbox/journal';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'journal-'));
  file = join(folder, 'run-1.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true }));

const done: JournalRecord = {
  outcome: { kind: 'done', callId: 'c1', text: 'it ran' },
  refusedHosts: [],
};

test('a call runs once and is remembered, by this process and the next', () => {
  const journal = createJournal({ folder });
  expect(journal.begin(claims(), 'c1')).toEqual({ kind: 'run' });
  expect(journal.begin(claims(), 'c1')).toEqual({ kind: 'interrupted' });
  journal.finish(claims(), 'c1', done);
  for (const each of [journal, createJournal({ folder })]) {
    expect(each.begin(claims(), 'c1')).toEqual({ kind: 'recorded', record: done });
    expect(each.look(claims(), 'c2')).toEqual({ kind: 'run' });
  }
});

test('looking notes nothing', () => {
  const journal = createJournal({ folder });
  journal.look(claims(), 'c1');
  expect(journal.begin(claims(), 'c1')).toEqual({ kind: 'run' });
});

test('another grant for the same action is the same call', () => {
  const journal = createJournal({ folder });
  journal.begin(claims(), 'c1');
  journal.finish(claims(), 'c1', done);
  expect(journal.begin(claims({ jti: 'gated-again' }), 'c1')).toEqual({ kind: 'recorded', record: done });
});

test.each([
  ['arguments', { argsHash: sha256('other') }],
  ['tool', { tool: 'write-file' }],
  ['effect', { effect: 'production' as const }],
])('another grant for the same call with another %s is a replay', (_, change) => {
  const journal = createJournal({ folder });
  journal.begin(claims(), 'c1');
  const other = claims({ calls: [{ ...claims().calls[0]!, ...change }] });
  expect(() => journal.begin(other, 'c1')).toThrow(expect.objectContaining({ code: 'grant-replayed' }));
});

test('calls of other runs are other calls', () => {
  const journal = createJournal({ folder });
  journal.begin(claims(), 'c1');
  expect(journal.begin(claims({ sub: 'run-2' }), 'c1')).toEqual({ kind: 'run' });
});

test('a last line torn by a crash is cut off, and what comes after is whole', () => {
  const journal = createJournal({ folder });
  journal.begin(claims(), 'c1');
  appendFileSync(file, '{"state":"finished","call":"c1","ha');
  const next = createJournal({ folder });
  expect(next.look(claims(), 'c1')).toEqual({ kind: 'interrupted' });
  next.finish(claims(), 'c1', done);
  expect(createJournal({ folder }).look(claims(), 'c1')).toEqual({ kind: 'recorded', record: done });
});

test('a call that was accepted and not started runs', () => {
  createJournal({ folder }).begin(claims(), 'c1');
  const [accepted] = readFileSync(file, 'utf8').split('\n');
  writeFileSync(file, `${accepted}\n{"state":"sta`);
  expect(createJournal({ folder }).look(claims(), 'c1')).toEqual({ kind: 'run' });
});

test.each([
  ['a line that is no JSON', (text: string) => `nonsense\n${text}`],
  ['a record that was changed', (text: string) => text.replace('it ran', 'it did not')],
  ['a start without its call', (text: string) => text.split('\n').slice(1).join('\n')],
])('nothing runs on a journal with %s', (_, change) => {
  const journal = createJournal({ folder });
  journal.begin(claims(), 'c1');
  journal.finish(claims(), 'c1', done);
  writeFileSync(file, change(readFileSync(file, 'utf8')));
  expect(() => createJournal({ folder }).look(claims(), 'c1')).toThrow(
    expect.objectContaining({ code: 'journal-damaged' }),
  );
});

test('a process killed at any moment leaves each call run, interrupted or recorded', async () => {
  const path = require.resolve('../../src/sandbox/journal');
  const program = `
    const { createJournal } = require(${JSON.stringify(path)});
    const journal = createJournal({ folder: ${JSON.stringify(folder)} });
    const claims = ${JSON.stringify(claims())};
    for (let index = 0; ; index++) {
      const own = { ...claims, calls: [{ ...claims.calls[0], id: 'c' + index }] };
      journal.begin(own, 'c' + index);
      journal.finish(own, 'c' + index, { outcome: { kind: 'done', callId: 'c' + index, text: 'x'.repeat(5000) } });
      process.stdout.write(index + '\\n');
    }`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let reported = -1;
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      reported = Number(chunk.toString().trim().split('\n').at(-1));
      if (reported > 50) child.kill('SIGKILL');
    });
    child.on('close', () => resolve());
  });
  const journal = createJournal({ folder });
  for (let index = 0; index <= reported; index++) {
    const own = claims({ calls: [{ ...claims().calls[0]!, id: `c${index}` }] });
    expect(journal.look(own, `c${index}`).kind).toBe('recorded');
  }
});

function claims(changes: Partial<GrantClaims> = {}): GrantClaims {
  return {
    iss: 'gatehouse',
    sub: 'run-1',
    aud: 'activity',
    jti: 'grant-1',
    iat: 0,
    exp: 60,
    cnf: { jkt: 'x' },
    organization: 'local',
    snapshot: sha256(''),
    host: 'here',
    calls: ['c1', 'c2'].map((id) => ({
      id,
      tool: 'git-commit',
      argsHash: sha256('{}'),
      effect: 'draft' as const,
    })),
    ...changes,
  };
}
