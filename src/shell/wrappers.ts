import { posix } from 'node:path';
import { judgeHost } from './hosts';
import { guardContexts, judgeWrapperFlags } from './judge-program';
import { addReason, raise } from './part-draft';
import { copyOf, type Scope, withoutNames } from './scope';
import type { ResolvedCommand, Shell } from './shell';
import type { Part, SimpleCommand } from './simple-command';
import { type Unwrapped, unwrap } from './unwrap';
import type { Word } from './word';
import { type Wrapper, wrappers } from './wrapper-table';

/**
 * Looks through a wrapper: judges the command that it runs. False when the program is no wrapper here, or runs nothing:
 * its table then judges it.
 */
export function runWrapped(program: string, command: ResolvedCommand, scope: Scope, shell: Shell): boolean {
  const args = command.words.slice(1);
  const found = find(program, args);
  if (!found) return false;
  const { wrapper, rest } = found;
  const inner = unwrap(wrapper, rest);
  if (inner.doubt)
    shell.ask(
      'unresolved',
      `\`${command.source.slice(0, 100)}\` has a word before the command it runs that is not known before it runs`,
    );
  if (inner.flags.some((flag) => wrapper.tellingFlags.includes(flag))) {
    shell.add({ effect: 'read', marks: {}, why: `\`${program}\` only tells about a program` });
    return true;
  }
  if (wrapper.bareTells && inner.command.length === 0 && inner.texts.length === 0 && !inner.doubt) {
    shell.add({ effect: 'read', marks: {}, why: `\`${program}\` prints variables` });
    return true;
  }
  const isShell = runsShell(wrapper, inner);
  if (inner.command.length === 0 && inner.texts.length === 0 && !isShell)
    return inner.doubt !== null && wrapper.place !== 'program';
  const part = shell.collect(() => runInner(wrapper, inner, isShell, command, scope, shell));
  place(wrapper, part, program, command, inner, scope, shell);
  shell.add(part);
  return true;
}

function runInner(
  wrapper: Wrapper,
  inner: Unwrapped,
  isShell: boolean,
  command: ResolvedCommand,
  scope: Scope,
  shell: Shell,
): void {
  const { stdin, source } = command;
  // What another program runs is no function or alias of this shell, and changes nothing in it.
  const within = withoutNames(wrapper.sameShell ? scope : copyOf(scope));
  if (inner.folder) moveInto(inner.folder, within);
  if (inner.flags.some((flag) => wrapper.emptyingFlags.includes(flag))) within.exported = new Set();
  const assignments = new Map([...command.assignments, ...inner.assignments]);
  if (wrapper.textIsWords && inner.texts.length > 0) {
    // `env -S 'bash -c' TEXT`: the words of the text and those that follow are one command.
    const rest = inner.command.map(quoted);
    const isKnown = [...inner.texts, ...rest].every((each) => each !== null);
    shell.runText(isKnown ? [...inner.texts, ...rest].join(' ') : null, within, stdin, source);
    return;
  }
  for (const text of inner.texts) shell.runText(text, copyOf(within), stdin, source);
  if (wrapper.text === 'each') {
    for (const word of inner.command)
      shell.runText(word.kind === 'literal' ? word.value : null, copyOf(within), stdin, source);
    return;
  }
  const isText = wrapper.text === 'single' ? inner.command.length === 1 : wrapper.text;
  if (inner.command.length > 0 && isText) shell.runText(joined(inner.command), within, stdin, source);
  else if (inner.command.length > 0) shell.run({ words: inner.command, assignments, stdin, source }, within);
  else if (isShell && inner.texts.length === 0) {
    shell.add({ effect: 'sandbox', marks: {}, why: 'it starts a shell' });
    if (stdin.kind !== 'none')
      shell.runText(stdin.kind === 'text' ? stdin.text : null, within, { kind: 'none' }, source);
  }
  if (!wrapper.sameShell) return;
  scope.cwd = within.cwd;
  scope.otherFolders = within.otherFolders;
  scope.ifFailed = within.ifFailed;
}

/** Whether it gives its input to a shell where no command is given. */
function runsShell({ shell }: Wrapper, { flags }: Unwrapped): boolean {
  return typeof shell === 'boolean' ? shell : flags.some((flag) => shell.includes(flag));
}

function moveInto(folder: Word, scope: Scope): void {
  const isKnown = folder.kind === 'literal' && (folder.value.startsWith('/') || scope.cwd !== null);
  scope.cwd = isKnown ? posix.resolve(scope.cwd ?? '/', folder.value) : null;
  scope.otherFolders = [];
}

function quoted(word: Word): string | null {
  return word.kind === 'literal' ? `'${word.value.replaceAll("'", `'\\''`)}'` : null;
}

function place(
  wrapper: Wrapper,
  part: Part,
  program: string,
  command: ResolvedCommand,
  inner: Unwrapped,
  scope: Scope,
  shell: Shell,
): void {
  const shown = `\`${command.source.slice(0, 100)}\``;
  if (wrapper.place === 'remote' && part.effect !== 'read')
    raise(part, 'production', `${shown} changes another system`);
  if (wrapper.place === 'container') raise(part, 'sandbox', `${shown} runs in a container`);
  if (wrapper.place === 'program') raise(part, 'sandbox', `${shown} runs a command`);
  if (wrapper.place === 'later')
    addReason(part, 'host-read', `${shown} leaves a command for a service of the machine to run`);
  const simple: SimpleCommand = {
    program,
    args: command.words.slice(1),
    assignments: command.assignments,
    stdin: command.stdin,
    source: command.source,
  };
  if (wrapper.place === 'container' || wrapper.place === 'program')
    judgeWrapperFlags(part, simple, shell.contextOf(scope));
  if (wrapper.place === 'remote') guardContexts(part, simple, shell.contextOf(scope));
  if (!wrapper.hosts) return;
  const draft = { marks: part.marks, findings: part.findings ?? [] };
  const [host] = inner.operands;
  if (host) judgeHost(host, draft, simple, shell.contextOf(scope));
  part.findings = draft.findings;
}

function find(program: string, args: readonly Word[]): { wrapper: Wrapper; rest: readonly Word[] } | null {
  for (const wrapper of wrappers().get(program) ?? []) {
    if (!wrapper.verb) return { wrapper, rest: args };
    const rest = afterVerb(wrapper.verb, wrapper.valueFlags, args);
    if (rest) return { wrapper, rest };
  }
  return null;
}

/** What follows the subcommand, after the flags that came before it. */
function afterVerb(
  verb: readonly string[],
  valueFlags: readonly string[],
  args: readonly Word[],
): readonly Word[] | null {
  const before: Word[] = [];
  let matched = 0;
  for (let index = 0; index < args.length; index++) {
    const word = args[index];
    if (word?.kind !== 'literal') return null;
    if (word.value.startsWith('-')) {
      before.push(word);
      const value = valueFlags.includes(word.value) ? args[++index] : undefined;
      if (value) before.push(value);
      continue;
    }
    if (word.value !== verb[matched]) return null;
    matched++;
    if (matched === verb.length) return [...before, ...args.slice(index + 1)];
  }
  return null;
}

function joined(words: readonly Word[]): string | null {
  return words.every((word) => word.kind === 'literal')
    ? words.map((word) => (word.kind === 'literal' ? word.value : '')).join(' ')
    : null;
}
