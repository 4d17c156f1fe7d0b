import { tableOf } from './load-tables';
import { judgeByTable } from './match-table';
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
