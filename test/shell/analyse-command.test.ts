/** Properties of command analysis: what must hold for any text, whatever the tables say. */
import fc from 'fast-check';
import type { Verdict } from '../../src/domain/decision';
import { type Effect, effects } from '../../src/domain/effect';
import type { Judgement } from '../../src/domain/judgement';
import { INSIDE, profileOf } from '../../src/sandbox/profile';
import { analyseCommand } from '../../src/shell/analyse-command';
import { HOME, SANDBOX_VARIABLES, SCRATCH, WORKSPACE } from '../../src/shell/sandbox-places';

const context = {
  runId: 'r1',
  branch: 'gatehouse/r1',
  cwd: '.',
  settings: {
    grounding: 'ask',
    trustedTools: [],
    protectedBranches: ['main'],
    protectedPaths: [],
    protectedContexts: ['prod*'],
    network: [],
    onAsk: 'wait',
    onBudget: 'fail',
    validate: null,
  },
} as Parameters<typeof analyseCommand>[1];

const analyse = (text: string) => analyseCommand(text, context);

/** What a judgement comes to: its effect, its marks and the strictest of its findings. */
function outcome(text: string) {
  const { effect, marks, findings } = analyse(text);
  return { effect, marks: [...marks].sort(), strictest: strictestOf(findings) };
}

function strictestOf(findings: Judgement['findings']): Verdict {
  const verdicts = (findings ?? []).map(({ verdict }) => verdict);
  return verdicts.includes('deny') ? 'deny' : verdicts.includes('ask') ? 'ask' : 'allow';
}

/** How freely a command runs where the sandbox is open and production is not: 0 denied, 1 asked, 2 allowed. */
function freedom(text: string): number {
  const { effect, marks, strictest } = outcome(text);
  if (strictest === 'deny' || effect === 'production' || marks.includes('catastrophic')) return 0;
  return strictest === 'ask' || marks.length > 0 ? 1 : 2;
}

/** Commands as vectors, so that they can be written down in several ways. */
const COMMANDS: string[][] = [
  ['ls', '-la', 'src'],
  ['cat', 'notes.txt'],
  ['cat', '/etc/passwd'],
  ['grep', '-rn', 'a b', 'src'],
  ['rm', 'notes.txt'],
  ['rm', '-rf', 'build'],
  ['rm', '-rf', '/'],
  ['rm', '-rf', '/tmp/build'],
  ['git', 'push', 'origin', 'main'],
  ['git', 'commit', '-m', 'it is done'],
  ['kubectl', 'get', 'pods'],
  ['kubectl', 'delete', 'pod', 'web-0'],
  ['curl', 'https://example.org'],
  ['curl', 'http://localhost:8080'],
  ['sed', '-n', 's/a/b/p', 'notes.txt'],
  ['find', '.', '-name', 'x', '-delete'],
  ['python3', '-c', 'import os; os.system("rm -rf build")'],
  ['tee', '/dev/sda'],
  ['npm', 'test'],
  ['frobctl', 'topic', 'delete', 'orders'],
];

const command = fc.constantFrom(...COMMANDS);
const plain = (words: readonly string[]) => words.map(single).join(' ');
const single = (word: string) => (/^[\w./:=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** The ways in which bash lets one word be written. */
const QUOTINGS: ((word: string) => string)[] = [
  (word) => `'${word.replaceAll("'", `'\\''`)}'`,
  (word) => `"${word.replace(/[\\"$`]/g, '\\$&')}"`,
  (word) => `$'${word.replace(/[\\']/g, '\\$&')}'`,
  (word) => [...word].map((letter) => `\\${letter}`).join(''),
  (word) =>
    `$'${[...word].map((letter) => `\\x${letter.charCodeAt(0).toString(16).padStart(2, '0')}`).join('')}'`,
  (word) => [...word].map((letter) => (letter === "'" ? `"'"` : `'${letter}'`)).join('""'),
];

test('any text at all is judged, with an effect and without a throw', () => {
  const pieces = fc.constantFrom(
    ...[
      'rm',
      '-rf',
      '/',
      '$x',
      '${x:-',
      '}',
      '$(',
      ')',
      '`',
      '"',
      "'",
      '\\',
      '\n',
      ' ',
      ';',
      '&&',
      '||',
      '|',
      '&',
    ],
    ...[
      '{',
      'a,b',
      '<<E',
      'E',
      '<',
      '>',
      '<(',
      '((',
      '))',
      '[[',
      ']]',
      'if',
      'then',
      'fi',
      'for',
      'in',
      'do',
      'done',
    ],
    ...[
      'case',
      'esac',
      ';;',
      'f()',
      'eval',
      'xargs',
      'sh -c',
      '\0',
      '\r',
      '\u202e',
      '#',
      '!',
      '=',
      'x=',
      '*',
      '~',
    ],
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(pieces, { maxLength: 30 }).map((all) => all.join('')),
    fc.array(pieces, { maxLength: 30 }).map((all) => all.join(' ')),
  );
  fc.assert(
    fc.property(text, (each) => {
      const judgement = analyse(each);
      expect(effects).toContain(judgement.effect);
      expect(judgement.findings?.some(({ rule }) => rule === 'analysis-failed') ?? false).toBe(false);
    }),
    { numRuns: 1_500 },
  );
});

test('how a word is quoted changes nothing', () => {
  fc.assert(
    fc.property(
      command,
      fc.array(fc.constantFrom(...QUOTINGS), { minLength: 8, maxLength: 8 }),
      (words, styles) => {
        const quoted = words.map((word, index) => (styles[index] ?? single)(word)).join(' ');
        expect([quoted, outcome(quoted)]).toEqual([quoted, outcome(plain(words))]);
      },
    ),
    { numRuns: 400 },
  );
});

test('added blanks, line continuations, comments and empty lines change nothing', () => {
  const gap = fc.constantFrom(' ', '  ', '\t', ' \\\n ', ' \t ');
  fc.assert(
    fc.property(
      command,
      gap,
      fc.constantFrom('', '\n', '  ', '\n\n'),
      fc.constantFrom('', ' # rm -rf /', '\n', ' ;'),
      (words, between, before, after) => {
        const spaced = `${before}${words.map(single).join(between)}${after}`;
        expect([spaced, outcome(spaced)]).toEqual([spaced, outcome(plain(words))]);
      },
    ),
    { numRuns: 400 },
  );
});

const PREFIXES: [name: string, wrap: (text: string) => string][] = [
  ['sudo', (text) => `sudo ${text}`],
  ['sudo -u', (text) => `sudo -u root -- ${text}`],
  ['env', (text) => `env FOO=1 ${text}`],
  ['nice', (text) => `nice -n 5 ${text}`],
  ['nohup', (text) => `nohup ${text}`],
  ['timeout', (text) => `timeout -k 5 10 ${text}`],
  ['command', (text) => `command ${text}`],
  ['time', (text) => `time ${text}`],
  ['!', (text) => `! ${text}`],
  ['busybox', (text) => `busybox ${text}`],
];
const WRAPPINGS: [name: string, wrap: (text: string) => string][] = [
  ...PREFIXES,
  ['sh -c', (text) => `sh -c ${single(text)}`],
  ['bash -euo pipefail -c', (text) => `bash -euo pipefail -c ${single(text)}`],
  ['eval', (text) => `eval ${single(text)}`],
  ['env -S', (text) => `env -S ${single(`sh -c ${single(text)}`)}`],
  ['$( )', (text) => `echo "$(${text})"`],
  ['backticks in a word', (text) => `echo x\`${text.replace(/[\\`$]/g, '\\$&')}\`y`],
  ['{ }', (text) => `{ ${text}; }`],
  ['( )', (text) => `( ${text} )`],
  ['a function', (text) => `f() { ${text}; }; f`],
  ['a function in a function', (text) => `g() { f() { ${text}; }; f; }; g`],
  ['if', (text) => `if true; then ${text}; fi`],
  ['a condition', (text) => `while ${text}; do :; done`],
  ['for', (text) => `for each in a b; do ${text}; done`],
  ['case', (text) => `case x in *) ${text} ;; esac`],
  ['a pattern of case', (text) => `case x in "$(${text})") : ;; esac`],
  ['a default', (text) => `echo "\${unset:-$(${text})}"`],
  ['a here-document for a shell', (text) => `bash <<'END'\n${text}\nEND`],
  ['a here-string for a shell', (text) => `bash <<< ${single(text)}`],
  ['printf for a shell', (text) => `printf %s ${single(text)} | sh`],
  ['base64 for a shell', (text) => `echo ${Buffer.from(text).toString('base64')} | base64 -d | sh`],
  ['a trap', (text) => `trap ${single(text)} EXIT`],
  ['the background', (text) => `${text} &`],
  ['coproc', (text) => `coproc { ${text}; }`],
  ['find -exec', (text) => `find . -exec sh -c ${single(text)} \\;`],
  ['xargs', (text) => `echo x | xargs sh -c ${single(text)}`],
  ['process substitution', (text) => `cat <(${text})`],
];

test.each(WRAPPINGS)('%s never loosens what is in it', (_, wrap) => {
  for (const words of COMMANDS) {
    const text = plain(words);
    expect([wrap(text), freedom(wrap(text))]).toEqual([
      wrap(text),
      Math.min(freedom(text), freedom(wrap(text))),
    ]);
  }
});

test('two wrappings, one in the other, never loosen', () => {
  const wrapping = fc.constantFrom(...WRAPPINGS.map(([, wrap]) => wrap));
  // `sudo ! x` is a program of the name `!`: a keyword stands first or it is none.
  const prefix = fc.constantFrom(...PREFIXES.filter(([name]) => name !== '!').map(([, wrap]) => wrap));
  fc.assert(
    fc.property(command, prefix, wrapping, (words, inner, outer) => {
      const text = inner(plain(words));
      expect([text, freedom(outer(text)) <= freedom(text)]).toEqual([text, true]);
    }),
    { numRuns: 300 },
  );
});

test('what is joined is at least as strict as each part', () => {
  fc.assert(
    fc.property(command, command, fc.constantFrom(';', '&&', '||', '|', '\n', '&'), (one, other, join) => {
      const joined = outcome(`${plain(one)} ${join} ${plain(other)}`);
      for (const part of [one, other].map((words) => outcome(plain(words)))) {
        expect(rank(joined.effect)).toBeGreaterThanOrEqual(rank(part.effect));
        for (const mark of part.marks) expect(joined.marks).toContain(mark);
      }
    }),
    { numRuns: 400 },
  );
});

function rank(effect: Effect): number {
  return effects.indexOf(effect);
}

test('the places and variables of the analysis are those of the sandbox', () => {
  expect({ WORKSPACE, HOME }).toEqual({ WORKSPACE: INSIDE.workspace, HOME: INSIDE.home });
  const { IFS: _, ...set } = SANDBOX_VARIABLES;
  expect(profileVariables()).toMatchObject(set);
  expect(profileVariables().TMPDIR).toBe(SCRATCH);
});

/** What the sandbox's profile sets for a command. */
function profileVariables(): Record<string, string> {
  const args = profileOf(
    { effect: 'sandbox', workspace: '/somewhere' },
    { system: { readOnly: [], links: {}, covered: [] }, etc: '/etc', userNamespace: 'closed' },
  );
  return Object.fromEntries(
    args.flatMap((arg, index) =>
      arg === '--setenv' ? [[args[index + 1] ?? '', args[index + 2] ?? '']] : [],
    ),
  );
}
