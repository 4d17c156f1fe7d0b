import { tableOf } from './load-tables';
import { judgeByTable } from './match-table';
import { judgeContexts } from './operands';
import { parseArguments } from './parse-arguments';
import type { CommandContext, Part, SimpleCommand } from './simple-command';
import { judgeUnknown } from './unknown-program';

/**
 * What one program with its arguments does: by its table, else as a program that nobody described.
 *
 * @throws when a table cannot be read; the layer above then denies
 */
export function judgeProgram(command: SimpleCommand, context: CommandContext): Part {
  const table = tableOf(command.program);
  return (table && judgeByTable(table, command, context)?.part) ?? judgeUnknown(command, context);
}

/** Adds the marks and findings of a wrapper's own flags: `docker run -v /:/host IMAGE CMD`. */
export function judgeWrapperFlags(part: Part, command: SimpleCommand, context: CommandContext): void {
  const table = tableOf(command.program);
  const judged = table && judgeByTable(table, command, context)?.part;
  if (!judged) return;
  part.marks = { ...judged.marks, ...part.marks };
  part.findings = [...(part.findings ?? []), ...(judged.findings ?? [])];
}

/** Adds what a wrapper's own flags say of the context its command runs in: `kubectl --context prod exec POD -- rm x`. */
export function guardContexts(part: Part, command: SimpleCommand, context: CommandContext): void {
  const table = tableOf(command.program);
  if (!table) return;
  const findings = part.findings ?? [];
  const { flags } = parseArguments(command.args, table);
  judgeContexts(table, { command, flags }, { effect: part.effect, findings }, context);
  part.findings = findings;
}
