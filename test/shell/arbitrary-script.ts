/** Bash scripts of harmless parts, put together at random: what they run is decided by how bash reads and expands them. */
import fc from 'fast-check';

/** Programs that only tell how they were called: those named `yes…` succeed, the other fails. */
export const PROGRAMS = ['yes1', 'yes2', 'no1'] as const;

const variable = fc.constantFrom('X', 'Y');
const functionName = fc.constantFrom('f1', 'f2');
const plain = fc.constantFrom('a', 'b', 'ab', 'a b', '-x', '');

const quoted = fc.tuple(plain, fc.constantFrom('single', 'double', 'ansi', 'none')).map(([text, how]) => {
  if (how === 'single') return `'${text}'`;
  if (how === 'double') return `"${text}"`;
  if (how === 'ansi') return `$'${text}'`;
  return text.replaceAll(' ', '\\ ') || "''";
});

const operation = fc.constantFrom(
  ...[':-a', '-b', ':=a', '=b', ':+b', '+a', '#a', '##a', '%b', '%%b', '/a/b', '//a/b'],
  ...['^^', ',,', '^', ':1', ':0:1', ': -1', '@Q'],
);

const braced = (inside: string) => `\${${inside}}`;
const expansion = fc.oneof(
  variable.map((name) => `$${name}`),
  variable.map((name) => `"$${name}"`),
  fc.tuple(variable, operation).map(([name, change]) => braced(name + change)),
  fc.tuple(variable, operation).map(([name, change]) => `"${braced(name + change)}"`),
  variable.map((name) => braced(`#${name}`)),
  fc.constantFrom('$1', '"$2"', '"$@"', '$*', '"$*"', '$#', braced('A[0]'), braced('A[*]')),
  fc.constantFrom(
    `"${braced('A[@]')}"`,
    `"${braced('A[1]')}"`,
    '{a,b}',
    'x{1..2}',
    '$((1+1))',
    '~',
    '"$HOME"',
  ),
);

interface Scripts {
  word: string;
  statement: string;
  list: string;
}

type Write = (...texts: string[]) => string;
const joined = (parts: fc.Arbitrary<string>[], write: Write) =>
  fc.tuple(...parts).map((all) => write(...all));
const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

const { list } = fc.letrec<Scripts>((tie: fc.LetrecTypedTie<Scripts>): fc.LetrecValue<Scripts> => {
  const [word, statement, inner] = [tie('word'), tie('statement'), tie('list')];
  const words = fc.array(word, { minLength: 1, maxLength: 3 }).map((all) => all.join(' '));
  const program = fc.constantFrom<string>(...PROGRAMS);
  const call = joined([program, words], (name, args) => `${name} ${args}`);
  const assignments = [
    joined([variable, word], (name, value) => `${name}=${value}`),
    joined([variable, word], (name, value) => `${name}+=${value}`),
    joined([variable, word], (name, value) => `export ${name}=${value}`),
    joined([variable, word], (name, value) => `readonly ${name}=${value}`),
    joined([variable, word], (name, value) => `local ${name}=${value}`),
    joined([variable, word], (name, value) => `read ${name} <<< ${value}`),
    joined([variable, word], (name, value) => `printf -v ${name} %s ${value}`),
    joined([variable], (name) => `unset ${name}`),
    joined([words], (all) => `A=(${all})`),
    joined([word], (value) => `A[0]=${value}`),
    joined([words], (all) => `set -- ${all}`),
    fc.constant('shift'),
  ];
  const compounds = [
    joined([statement, statement], (one, other) => `${one} && ${other}`),
    joined([statement, statement], (one, other) => `${one} || ${other}`),
    joined([inner], (body) => `{\n${body}\n}`),
    joined([inner], (body) => `(\n${body}\n)`),
    joined([call, inner], (one, body) => `${one} | {\n${body}\n}`),
    joined([statement, inner, inner], (test, one, other) => `if ${test}\nthen ${one}\nelse ${other}\nfi`),
    joined([variable, words, inner], (name, all, body) => `for ${name} in ${all}\ndo ${body}\ndone`),
    joined(
      [word, quoted, inner, inner],
      (value, pattern, one, other) => `case ${value} in ${pattern}) ${one}\n;; *) ${other}\n;; esac`,
    ),
    fc.constantFrom('return', 'break', 'continue'),
  ];
  const names = [
    joined([functionName, inner], (name, body) => `${name}() {\n${body}\n}`),
    joined([program, inner], (name, body) => `${name}() {\n${body}\n}`),
    joined([functionName, words], (name, all) => `${name} ${all}`),
    joined([functionName], (name) => `unset -f ${name}`),
  ];
  const wrappers = [
    joined([variable, quoted, call], (name, value, one) => `${name}=${value} ${one}`),
    joined([variable, quoted, inner], (name, value, body) => `${name}=${value} eval ${quote(body)}`),
    joined([inner], (body) => `eval ${quote(body)}`),
    joined([inner], (body) => `trap ${quote(body)} EXIT`),
    joined([inner, words], (body, all) => `/bin/bash -c ${quote(body)} sh ${all}`),
    joined([call], (one) => `command ${one}`),
    joined([call], (one) => `/usr/bin/env ${one}`),
    joined([word, call], (value, one) => `echo ${value} | /usr/bin/xargs ${one}`),
  ];
  return {
    word: fc.oneof(
      { maxDepth: 2 },
      { weight: 4, arbitrary: quoted },
      { weight: 4, arbitrary: expansion },
      { weight: 1, arbitrary: joined([word], (value) => `$(echo ${value})`) },
      { weight: 1, arbitrary: joined([word], (value) => `"$(printf '%s' ${value})"`) },
      { weight: 1, arbitrary: joined([statement], (body) => `"$(${body}\n)"`) },
      { weight: 1, arbitrary: joined([quoted, expansion], (one, other) => `${one}${other}`) },
    ),
    statement: fc.oneof(
      { maxDepth: 3 },
      { weight: 6, arbitrary: call },
      { weight: 6, arbitrary: fc.oneof(...assignments) },
      { weight: 6, arbitrary: fc.oneof(...compounds) },
      { weight: 5, arbitrary: fc.oneof(...names) },
      { weight: 4, arbitrary: fc.oneof(...wrappers) },
    ),
    list: fc.array(statement, { minLength: 1, maxLength: 4 }).map((all) => all.join('\n')),
  };
});

export const script: fc.Arbitrary<string> = list;
