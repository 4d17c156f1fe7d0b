/** What a command prints is taken as known only where every shell prints the same. */
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { knownOutput } from '../../src/shell/known-output';

const literal = (value: string) => ({ kind: 'literal' as const, value, hasGlob: false });
const outputOf = (words: string[], stdin = '') =>
  knownOutput(words.map(literal), { kind: 'text', text: stdin }, { cwd: '/workspace', scratch: '/tmp' });

test.each([
  [['echo', 'one', 'two'], 'one two\n'],
  [['echo', '-n', 'one'], 'one'],
  [['echo', '-e', 'r\\x6d'], 'rm\n'],
  [['printf', '%s-%s\\n', 'a', 'b', 'c'], 'a-b\nc-\n'],
  [['printf', '\\162\\155'], 'rm'],
  [['pwd'], '/workspace\n'],
])('%j prints what bash prints', (words, expected) => {
  expect(outputOf(words)).toBe(expected);
});

test.each([
  ['text that ends early', ['echo', '-e', 'rm -rf /\\ctmp/x']],
  ['an escape that only some shells take', ['echo', 'ls # \\012rm -rf /']],
  ['an escape that hides a comment sign', ['printf', '\\x23; rm -rf /']],
  ['a variable that is set instead', ['printf', '-v', 'x', 'rm']],
  ['a number that is worked out', ['printf', '%d', '0x10']],
  ['a program that nobody knows', ['decode', 'x']],
])('%s is not known', (_what, words) => {
  expect(outputOf(words)).toBeNull();
});

test('base64 is read only where every program reads it alike', () => {
  expect(outputOf(['base64', '-d'], 'bHMK\n')).toBe('ls\n');
  for (const text of ['bHM=cm0gLXJmIC8=', 'bH*MK', 'bHM'])
    expect(outputOf(['base64', '-d'], text)).toBeNull();
});

test('what is taken as known is what bash prints', () => {
  const piece = fc.constantFrom(
    'a',
    ' ',
    '/',
    '%s',
    '%%',
    '%b',
    '%c',
    '\\n',
    '\\0',
    '\\x61',
    '\\141',
    '\\c',
    '-',
  );
  const word = fc.array(piece, { minLength: 1, maxLength: 5 }).map((pieces) => pieces.join(''));
  const flags = fc.subarray(['-n', '-e', '-ne', '--']);
  fc.assert(
    fc.property(
      fc.constantFrom('echo', 'printf'),
      flags,
      fc.array(word, { maxLength: 3 }),
      (program, first, rest) => {
        const words = [program, ...first, ...rest];
        const known = outputOf(words);
        if (known === null) return;
        const run = ['-c', '"$@"', 'bash', ...words];
        expect(known).toBe(
          execFileSync('bash', run, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
        );
      },
    ),
    { numRuns: 300 },
  );
});
