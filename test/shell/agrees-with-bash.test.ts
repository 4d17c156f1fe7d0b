/**
 * The analysis against bash itself: whatever a script really ran was judged, word by word, or a person is asked. The
 * programs of these scripts only write down how they were called.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { analyseCommand } from '../../src/shell/analyse-command';
import type { SimpleCommand } from '../../src/shell/simple-command';
import type { Word } from '../../src/shell/word';
import { PROGRAMS, script } from './arbitrary-script';

const mockJudged: SimpleCommand[] = [];
jest.mock('../../src/shell/judge-program', () => {
  const actual = jest.requireActual('../../src/shell/judge-program');
  return {
    ...actual,
    judgeProgram: (command: SimpleCommand, context: unknown) => {
      mockJudged.push(command);
      return actual.judgeProgram(command, context);
    },
  };
});

const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-bash-'));

beforeAll(() => {
  for (const name of PROGRAMS) {
    const file = path.join(folder, name);
    const status = name.startsWith('yes') ? 0 : 1;
    // In one write, since the programs of a pipe run at once.
    const write = `printf '%s\\0' ${name} "$@" "$(printf '\\001')" >> "$CALLS"`;
    writeFileSync(file, `#!/bin/sh\n${write}\nexit ${status}\n`);
    chmodSync(file, 0o755);
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }));

let runs = 0;

/** What bash ran, each as program and arguments; what ran before it was ended, if it did not end by itself. */
function run(text: string): string[][] {
  // A file of its own: what was killed may still have children that write.
  const calls = path.join(folder, `calls-${runs++}`);
  writeFileSync(calls, '');
  spawnSync('/bin/bash', ['--noprofile', '--norc', '-c', text], {
    cwd: folder,
    env: { PATH: folder, HOME: '/home/agent', USER: 'agent', CALLS: calls, FUNCNEST: '4' },
    timeout: 5_000,
    stdio: 'ignore',
  });
  return readFileSync(calls, 'utf8')
    .split('\u0001\0')
    .filter((call) => call !== '')
    .map((call) => call.slice(0, -1).split('\0'));
}

function matches(words: readonly Word[], values: readonly string[]): boolean {
  const [word, ...rest] = words;
  if (!word) return values.length === 0;
  const [value, ...others] = values;
  if (word.kind === 'literal') return value === word.value && matches(rest, others);
  if (word.maySplit)
    return matches(rest, values) || values.some((_value, index) => matches(rest, values.slice(index + 1)));
  return value?.startsWith(word.prefix) === true && matches(rest, others);
}

/** What bash ran and nobody looked at. */
function missed(text: string): string[][] {
  mockJudged.length = 0;
  const { findings = [] } = analyseCommand(text, context);
  if (findings.length > 0) return [];
  const judged = [...mockJudged];
  return run(text).filter(
    ([program, ...args]) =>
      !judged.some((command) => command.program === program && matches(command.args, args)),
  );
}

const context = {
  runId: 'r1',
  branch: 'gatehouse/r1',
  cwd: '.',
  settings: { protectedBranches: [], protectedPaths: [], protectedContexts: [], network: [] },
} as unknown as Parameters<typeof analyseCommand>[1];

test('whatever a script runs was judged as it ran', () => {
  fc.assert(
    fc.property(script, (text) => {
      expect({ text, missed: missed(text) }).toEqual({ text, missed: [] });
    }),
    { numRuns: 150 },
  );
}, 120_000);

test.each([
  ['a parameter list that is empty', 'f1() { "$@" yes1 a; }\nf1'],
  ['a function that calls itself with other parameters', 'f1() { yes1 "$1"; shift; f1 "$@"; }\nf1 a b'],
  ['a trap that calls what is defined later', "trap 'f1' EXIT\nf1() { yes1 a; }"],
  ['a value that is set after the function returned', 'X=yes1\nf1() { return; X=yes2; }\nf1\n$X a'],
  ['a variable that cannot be set', 'readonly X=a\nX=b\nyes1 $X'],
  ['a variable that is local to nothing', 'X=a\nlocal X=b\nyes1 $X'],
  ['parameters joined to one word', 'set -- a b\nyes1 "$*"'],
])('%s', (_what, text) => {
  expect(run(text)).not.toEqual([]);
  expect(missed(text)).toEqual([]);
});
