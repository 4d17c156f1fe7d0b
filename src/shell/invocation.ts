import type { Arguments } from './parse-arguments';
import type { PartDraft } from './part-draft';
import type { CommandContext, SimpleCommand } from './simple-command';

/** A command as its table reads it: what a named check gets. */
export interface Invocation extends Arguments {
  command: SimpleCommand;
  /** The words that named the subcommand; `operands` are what follows them. */
  verb: string[];
}

/** What a table cannot say. A check raises the draft's effect, adds marks and findings, and may judge operands. */
export type Check = (invocation: Invocation, draft: PartDraft, context: CommandContext) => void;
