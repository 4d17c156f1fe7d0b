import { z } from 'zod';
import { effects, marks } from '../domain/effect';

/**
 * The tables in `tables/*.yaml`: which subcommand and which flag of a program reads, drafts, runs in the sandbox or
 * changes production, and which marks it carries. Data, so that an operator can read and review them; `match-table.ts`
 * gives them their meaning.
 *
 * A program's subcommand is found after its global flags; the row with the longest matching `verb` is the base, and rows
 * of the same verb with `when` are applied on top, in order. A row that weakens (`--dry-run=client`, `--help`) counts
 * only when no word of the command that could be a flag is unresolved.
 */
const conditionSchema = z.strictObject({
  /** Any of these flags is present (long form, short form inside a cluster, `--flag=value` and `--flag value`). */
  flags: z.array(z.string()).min(1).optional(),
  /** The flag's value is one of these (patterns with `*`). */
  values: z.array(z.string()).min(1).optional(),
  /** None of these flags is present. */
  without: z.array(z.string()).min(1).optional(),
  /** An operand (counted from 0 after the verb, negative from the end; absent: any) matches one of `values`. */
  operand: z.int().optional(),
  /** Assignments such as `dd of=/dev/sda`: an operand with this prefix is present. */
  prefix: z.string().optional(),
});

const rowSchema = z.strictObject({
  /** Subcommand words; `*` stands for any one word, `delete-*` for a family. Absent: the program without a verb, or any. */
  verb: z.array(z.string()).optional(),
  when: conditionSchema.optional(),
  effect: z.enum(effects).optional(),
  marks: z.array(z.enum(marks)).optional(),
  /** Replace the base row's marks instead of adding to them. */
  instead: z.boolean().optional(),
  /** What the operands are: their paths are judged accordingly. */
  operands: z
    .enum(['read', 'write', 'delete', 'none', 'text', 'hosts', 'first-text-then-read', 'read-then-write'])
    .optional(),
  /** Named check of code, for what a table cannot say: SQL text, git refs, HTTP methods. */
  check: z.string().optional(),
  /** Why, as a clause with `{command}` for the command as written. */
  why: z.string().optional(),
  /** One command that this row decides, for the test that every row has: written by hand, never taken from a corpus. */
  example: z.string(),
});

export const tableSchema = z.strictObject({
  programs: z.array(z.string()).min(1),
  /** Global and other flags that take a value as the next word. */
  valueFlags: z.array(z.string()).default([]),
  /** Flags whose value is a path that is read, or written. */
  readFlags: z.array(z.string()).default([]),
  writeFlags: z.array(z.string()).default([]),
  /** Flags whose value names a context, workspace, account or profile: compared with the agent's protectedContexts. */
  contextFlags: z.array(z.string()).default([]),
  /** Environment variables that do the same. */
  contextVariables: z.array(z.string()).default([]),
  rows: z.array(rowSchema).min(1),
  /** A verb that no row names. Absent: `sandbox`, judged by the destroying verbs. */
  otherwise: rowSchema.optional(),
});

export type CommandTable = z.infer<typeof tableSchema>;
export type TableRow = z.infer<typeof rowSchema>;
