import type { Mark } from '../domain/effect';
import { classifyPath, type PathUse } from './classify-path';
import { judgeHost } from './hosts';
import type { Invocation } from './invocation';
import { addReason, type PartDraft, raise, shown } from './part-draft';
import { matchesPattern } from './pattern';
import type { CommandContext, SimpleCommand } from './simple-command';
import type { CommandTable, OperandRole } from './table';
import { literalWord, type Word } from './word';

/** Judges what a command names: the paths and hosts among its operands and flag values. */
export function judgeOperands(
  table: CommandTable,
  invocation: Invocation,
  draft: PartDraft,
  context: CommandContext,
): void {
  const { command, operands, flags } = invocation;
  for (const [index, word] of operands.entries()) {
    // A port after the host.
    const isPort = index > 0 && word.kind === 'literal' && /^\d+(?:-\d+)?$/.test(word.value);
    const roles = [draft.role, ...draft.otherRoles];
    for (const use of new Set(roles.map((role) => useOf(role, index, operands.length)))) {
      if (use === 'host' && !isPort) judgeHost(word, draft, command, context);
      else if (use !== null && use !== 'host') addPath(word, use, draft, command, context);
    }
  }
  // The shell lists the folder of a pattern whatever the program does with it: `echo /etc/*`.
  if (draft.role === 'text' || draft.role === 'none')
    for (const word of operands)
      if (word.kind === 'literal' && word.hasGlob && isPlainlyPath(word))
        addPath(word, 'read', draft, command, context);
  for (const { names, value } of flags) {
    if (value === null) continue;
    if (names.some((name) => table.writeFlags.includes(name)))
      addPath(value, 'write', draft, command, context);
    else if (names.some((name) => table.readFlags.includes(name)))
      addPath(value, 'read', draft, command, context);
    else if (readsFiles(draft) && isUnlisted(table, names) && isPlainlyPath(value))
      addPath(value, 'read', draft, command, context);
    if (names.some((name) => table.hostFlags.includes(name))) judgeAddresses(value, draft, command, context);
  }
}

/** A program that reads files may read the value of any flag: `--files0-from=/etc/x`. */
function readsFiles({ role, otherRoles }: PartDraft): boolean {
  return [role, ...otherRoles].some((each) => each !== 'none' && each !== 'text' && each !== 'hosts');
}

function isUnlisted(table: CommandTable, names: readonly string[]): boolean {
  return !names.some((name) => table.valueFlags.includes(name) || table.contextFlags.includes(name));
}

function isPlainlyPath(word: Word): boolean {
  return /^(?:\/.|~\/|\.\.\/)/.test(word.kind === 'literal' ? word.value : word.prefix);
}

/** One address or several; a name of something that is configured, a folder or a socket is none. */
function judgeAddresses(word: Word, draft: PartDraft, command: SimpleCommand, context: CommandContext): void {
  if (word.kind === 'unresolved') judgeHost(word, draft, command, context);
  else
    for (const value of word.value.split(','))
      if (value !== '' && !/^(?:[/.~]|unix:|@[\w/-]+$)/.test(value))
        judgeHost({ ...word, value }, draft, command, context);
}

/** Denies a change of a remote system in a protected context that a flag or variable names; reading there is open. */
export function judgeContexts(
  table: CommandTable,
  { command, flags }: Pick<Invocation, 'command' | 'flags'>,
  draft: Pick<PartDraft, 'effect' | 'findings'>,
  context: CommandContext,
): void {
  if (draft.effect !== 'production') return;
  for (const { names, value } of flags)
    if (value && names.some((name) => table.contextFlags.includes(name)))
      judgeContextName(value, draft, command, context);
  for (const variable of table.contextVariables) {
    const value = command.assignments.get(variable);
    if (value === undefined) continue;
    const word: Word =
      value === null
        ? { kind: 'unresolved', source: `$${variable}`, prefix: '', maySplit: false }
        : literalWord(value);
    judgeContextName(word, draft, command, context);
  }
}

/** Adds what using a path means; `-` is the standard input or output, and a write is at least of effect `sandbox`. */
export function addPath(
  word: Word,
  use: PathUse,
  draft: PartDraft,
  command: SimpleCommand,
  context: CommandContext,
): void {
  if (word.kind === 'literal' && (word.value === '-' || word.value === '')) return;
  const { place, marks, findings } = classifyPath(word, use, context);
  if (use !== 'read' && place !== 'stream')
    raise(draft, 'sandbox', `\`${shown(command)}\` ${use === 'write' ? 'writes' : 'deletes'} a file`);
  for (const [mark, because] of Object.entries(marks)) addReason(draft, mark as Mark, because);
  draft.findings.push(...findings);
}

/** A change in a protected context is denied, and one in a context that is not known is asked. */
export function judgeContextName(
  word: Word,
  draft: Pick<PartDraft, 'effect' | 'findings'>,
  command: SimpleCommand,
  context: CommandContext,
): void {
  const patterns = context.settings.protectedContexts;
  if (draft.effect === 'read' || patterns.length === 0) return;
  if (word.kind === 'unresolved')
    draft.findings.push({
      verdict: 'ask',
      layer: 'commands',
      rule: 'unresolved',
      message: `\`${shown(command)}\` names a context that is not known before it runs`,
    });
  else {
    const pattern = patterns.find((each) => matchesPattern(each.toLowerCase(), word.value.toLowerCase()));
    if (pattern !== undefined)
      draft.findings.push({
        verdict: 'deny',
        layer: 'commands',
        rule: 'protected-context',
        message: `\`${shown(command)}\` would change \`${word.value}\`, which is protected by \`${pattern}\``,
      });
  }
}

function useOf(role: OperandRole, index: number, count: number): PathUse | 'host' | null {
  const isLast = index === count - 1;
  switch (role) {
    case 'none':
    case 'text':
      return null;
    case 'read':
    case 'write':
    case 'delete':
      return role;
    case 'hosts':
      return 'host';
    case 'first-text-then-read':
      return index === 0 ? null : 'read';
    case 'first-text-then-write':
      return index === 0 ? null : 'write';
    case 'first-text-then-delete':
      return index === 0 ? null : 'delete';
    case 'read-then-write':
      return isLast && count > 1 ? 'write' : 'read';
    case 'delete-then-write':
      return isLast && count > 1 ? 'write' : 'delete';
  }
}
