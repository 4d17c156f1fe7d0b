import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { judgeHost } from './hosts';
import { guardContexts } from './judge-program';
import { raise } from './part-draft';
import type { Scope } from './scope';
import type { ResolvedCommand, Shell } from './shell';
import type { Part, SimpleCommand } from './simple-command';
import type { Word } from './word';

const wrapperSchema = z.strictObject({
  programs: z.array(z.string()).min(1),
  verb: z.array(z.string()).optional(),
  valueFlags: z.array(z.string()).default([]),
  skip: z.int().default(0),
  assignments: z.boolean().default(false),
  textFlags: z.array(z.string()).default([]),
  text: z.boolean().default(false),
  place: z.enum(['here', 'remote', 'container']).default('here'),
  hosts: z.boolean().default(false),
  separator: z.string().optional(),
});

type Wrapper = z.infer<typeof wrapperSchema>;

/** What stands between a wrapper and the command it runs. */
interface Unwrapped {
  command: readonly Word[];
  /** Texts given to a shell; null for an unknown one. */
  texts: (string | null)[];
  assignments: Map<string, string | null>;
  operands: readonly Word[];
  /** A word before the command that may be anything, so that what follows may be something else. */
  doubt: Word | null;
}

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
  if (inner.command.length === 0 && inner.texts.length === 0) return inner.doubt !== null;
  const assignments = new Map([...command.assignments, ...inner.assignments]);
  const part = shell.collect(() => {
    for (const text of inner.texts) shell.runText(text, scope, command.stdin, command.source);
    if (inner.command.length === 0) return;
    if (wrapper.text) shell.runText(joined(inner.command), scope, command.stdin, command.source);
    else
      shell.run({ words: inner.command, assignments, stdin: command.stdin, source: command.source }, scope);
  });
  place(wrapper, part, program, command, inner, scope, shell);
  shell.add(part);
  return true;
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
  const simple: SimpleCommand = {
    program,
    args: command.words.slice(1),
    assignments: command.assignments,
    stdin: command.stdin,
    source: command.source,
  };
  if (wrapper.place === 'remote') guardContexts(part, simple, shell.contextOf(scope));
  if (!wrapper.hosts) return;
  const draft = { marks: part.marks, findings: part.findings ?? [] };
  const [host] = inner.operands;
  if (host) judgeHost(host, draft, simple, shell.contextOf(scope));
  part.findings = draft.findings;
}

/** Commands that xargs and parallel run: what they append is known only where their input is. */
export function runXargs(program: string, command: ResolvedCommand, scope: Scope, shell: Shell): boolean {
  if (!XARGS.has(program)) return false;
  const inner = unwrap(XARGS_FLAGS, command.words.slice(1));
  if (inner.command.length === 0) return false;
  const end = inner.command.findIndex((word) => word.kind === 'literal' && /^:::?:?\+?$/.test(word.value));
  const words = end < 0 ? inner.command : inner.command.slice(0, end);
  const given = end < 0 ? itemsOf(command) : inner.command.slice(end + 1);
  const placeholder = placeholderOf(command.words.slice(1)) ?? (program === 'xargs' ? null : '{}');
  const isReplaced = (word: Word) =>
    placeholder !== null && word.kind === 'literal' && word.value.includes(placeholder);
  const unknown: Word = { kind: 'unresolved', source: '(each input)', prefix: '', maySplit: true };
  const filled = words.some(isReplaced)
    ? words.map((word) =>
        isReplaced(word) && word.kind === 'literal' ? fill(word, placeholder ?? '', given) : word,
      )
    : [...words, ...(given ?? [unknown])];
  shell.run({ ...command, words: filled, stdin: { kind: 'none' } }, scope);
  return true;
}

const XARGS = new Set(['xargs', 'gxargs', 'parallel', 'rush', 'sem']);
const XARGS_FLAGS: Wrapper = {
  ...wrapperSchema.parse({ programs: ['xargs'] }),
  valueFlags: [
    '-I',
    '-n',
    '-P',
    '-L',
    '-s',
    '-d',
    '-E',
    '-a',
    '-j',
    '-S',
    '--max-args',
    '--max-procs',
    '--delimiter',
    '--arg-file',
    '--replace',
    '--max-lines',
    '--max-chars',
    '--jobs',
    '--colsep',
    '--joblog',
    '--results',
  ],
};

function placeholderOf(args: readonly Word[]): string | null {
  for (const [index, word] of args.entries()) {
    if (word.kind !== 'literal') continue;
    if (word.value === '-I') {
      const next = args[index + 1];
      return next?.kind === 'literal' ? next.value : '{}';
    }
    if (/^-I./.test(word.value)) return word.value.slice(2);
    if (/^(?:-i|--replace)$/.test(word.value)) return '{}';
    if (word.value.startsWith('--replace=')) return word.value.slice('--replace='.length);
  }
  return null;
}

function itemsOf({ stdin }: ResolvedCommand): Word[] | null {
  if (stdin.kind !== 'text') return null;
  const items = stdin.text.split(/\s+/).filter((item) => item !== '');
  return items.length > 100 ? null : items.map((value) => ({ kind: 'literal', value, hasGlob: false }));
}

function fill(word: Word & { kind: 'literal' }, placeholder: string, given: readonly Word[] | null): Word {
  const [only] = given ?? [];
  if (given?.length === 1 && only?.kind === 'literal')
    return { ...word, value: word.value.replaceAll(placeholder, () => only.value) };
  const prefix = word.value.slice(0, word.value.indexOf(placeholder));
  return { kind: 'unresolved', source: word.value, prefix, maySplit: false };
}

function find(program: string, args: readonly Word[]): { wrapper: Wrapper; rest: readonly Word[] } | null {
  for (const wrapper of wrappers().get(program) ?? []) {
    if (!wrapper.verb) return { wrapper, rest: args };
    const rest = afterVerb(wrapper.verb, wrapper.valueFlags, args);
    if (rest) return { wrapper, rest };
  }
  return null;
}

/** What follows the subcommand; flags may come before it. */
function afterVerb(
  verb: readonly string[],
  valueFlags: readonly string[],
  args: readonly Word[],
): readonly Word[] | null {
  const flags: Word[] = [];
  let matched = 0;
  for (let index = 0; index < args.length; index++) {
    const word = args[index];
    if (word?.kind !== 'literal') return null;
    if (word.value.startsWith('-')) {
      flags.push(word);
      if (valueFlags.includes(word.value)) index++;
      continue;
    }
    if (word.value !== verb[matched]) return null;
    matched++;
    if (matched === verb.length) return args.slice(index + 1);
  }
  return null;
}

function unwrap(wrapper: Wrapper, args: readonly Word[]): Unwrapped {
  const result: Unwrapped = { command: [], texts: [], assignments: new Map(), operands: [], doubt: null };
  if (wrapper.separator !== undefined) {
    const at = args.findIndex((word) => word.kind === 'literal' && word.value === wrapper.separator);
    if (at >= 0)
      return { ...result, command: args.slice(at + 1), operands: operandsOf(wrapper, args.slice(0, at)) };
  }
  const operands: Word[] = [];
  let index = 0;
  for (; index < args.length; index++) {
    const word = args[index]!;
    if (word.kind === 'unresolved') {
      if (operands.length >= wrapper.skip) break;
      if (word.maySplit) result.doubt = word;
      operands.push(word);
      continue;
    }
    const { value } = word;
    if (value === '--') {
      if (operands.length >= wrapper.skip) {
        index++;
        break;
      }
      continue;
    }
    if (value.startsWith('-') && value.length > 1) {
      index += takeFlag(wrapper, value, args[index + 1], result);
      continue;
    }
    if (wrapper.assignments && /^[A-Za-z_]\w*=/.test(value)) {
      result.assignments.set(value.slice(0, value.indexOf('=')), value.slice(value.indexOf('=') + 1));
      continue;
    }
    if (operands.length >= wrapper.skip) break;
    operands.push(word);
  }
  return { ...result, operands, command: args.slice(index) };
}

/** How many further words a flag takes. */
function takeFlag(wrapper: Wrapper, flag: string, next: Word | undefined, result: Unwrapped): number {
  const [name = flag, inline] = flag.startsWith('--') && flag.includes('=') ? splitAt(flag) : [flag];
  const isText = (each: string) => wrapper.textFlags.includes(each);
  if (isText(name)) {
    result.texts.push(inline ?? (next?.kind === 'literal' ? next.value : null));
    return inline === undefined ? 1 : 0;
  }
  if (inline !== undefined) return 0;
  if (wrapper.valueFlags.includes(name)) return 1;
  if (name.startsWith('--')) return 0;
  // A cluster of short flags: the last may take the next word, one before takes the rest of this one.
  for (const [at, letter] of [...name.slice(1)].entries()) {
    const short = `-${letter}`;
    const rest = name.slice(at + 2);
    if (isText(short)) {
      result.texts.push(rest !== '' ? rest : next?.kind === 'literal' ? next.value : null);
      return rest === '' ? 1 : 0;
    }
    if (wrapper.valueFlags.includes(short)) return rest === '' ? 1 : 0;
  }
  return 0;
}

function operandsOf(wrapper: Wrapper, args: readonly Word[]): Word[] {
  return args.filter(
    (word, index) =>
      !(word.kind === 'literal' && word.value.startsWith('-')) &&
      !(index > 0 && isValueFlag(wrapper, args[index - 1])),
  );
}

function isValueFlag(wrapper: Wrapper, word: Word | undefined): boolean {
  return word?.kind === 'literal' && wrapper.valueFlags.includes(word.value);
}

function splitAt(flag: string): [string, string] {
  const at = flag.indexOf('=');
  return [flag.slice(0, at), flag.slice(at + 1)];
}

function joined(words: readonly Word[]): string | null {
  return words.every((word) => word.kind === 'literal')
    ? words.map((word) => (word.kind === 'literal' ? word.value : '')).join(' ')
    : null;
}

let loaded: Map<string, Wrapper[]> | undefined;

function wrappers(): Map<string, Wrapper[]> {
  if (loaded) return loaded;
  loaded = new Map();
  const rows = z.array(wrapperSchema).parse(parse(readFileSync(join(__dirname, 'wrappers.yaml'), 'utf8')));
  for (const row of rows)
    for (const program of row.programs) loaded.set(program, [...(loaded.get(program) ?? []), row]);
  return loaded;
}
