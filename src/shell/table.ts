import { z } from 'zod';
import { effects, marks } from '../domain/effect';
import { iterations } from '../domain/judgement';

/**
 * The tables in `tables/*.yaml`: which subcommand and which flag of a program reads, drafts, runs in the sandbox or
 * changes production, and which marks it carries. Data, so that an operator can read and review them; `match-table.ts`
 * gives them their meaning. A file holds one table or a list of tables; `programs:` stands on a line of its own.
 *
 * The base row of a command is the one with the most specific matching `verb` (found among the operands, so after and
 * between flags). Rows with `when` and the same `verb`, or with `when` alone, are applied on top in the order of the
 * file: one that strengthens raises the effect and adds its marks; one that weakens (a weaker effect, or `instead`)
 * counts only when the last value of its flag says so and no word that could be a flag is unresolved.
 */
const conditionSchema = z.strictObject({
  /** Any of these flags is present (long form, short form inside a cluster, `--flag=value` and `--flag value`). */
  flags: z.array(z.string()).min(1).optional(),
  /** The flag's value (or, with `operand`, the operand) is one of these: patterns with `*` and `|`; `''` is none. */
  values: z.array(z.string()).min(1).optional(),
  /** The flag is taken before the verb: a word after it that is not known is not suspected to be one. */
  early: z.boolean().optional(),
  /** None of these flags is present. */
  without: z.array(z.string()).min(1).optional(),
  /** The operand at this place after the verb (from 0, negative from the end) matches one of `values`. */
  operand: z.int().optional(),
  /** Any operand matches one of these patterns: `of=*`, `*.service`. */
  operands: z.array(z.string()).min(1).optional(),
  /** There are at least, or at most, so many operands after the verb. */
  atLeast: z.int().optional(),
  atMost: z.int().optional(),
});

/**
 * What operands are, so how their paths are judged. `text` and `none` are no paths; `hosts` are names or URLs of
 * machines. In the others the first or last operand differs from the rest.
 */
export const operandRoles = [
  'none',
  'text',
  'read',
  'write',
  'delete',
  'hosts',
  'first-text-then-read',
  'first-text-then-write',
  'first-text-then-delete',
  'read-then-write',
  'delete-then-write',
] as const;

const rowSchema = z.strictObject({
  /**
   * Subcommand words; `*` stands for any one word, `**` for any number of words, `delete-*` for a family, `ls|list` for
   * either. Absent: the program without a verb; where the table has no `otherwise`, with any operands.
   */
  verb: z.array(z.string()).min(1).optional(),
  when: conditionSchema.optional(),
  /** The verb is complete: an unresolved word after it is an operand, and never the rest of a longer verb. */
  whole: z.boolean().optional(),
  effect: z.enum(effects).optional(),
  marks: z.array(z.enum(marks)).optional(),
  /** What the command is of a round of plan and apply, which are counted per run. */
  iteration: z.enum(iterations).optional(),
  /** Replace the marks and checks so far instead of adding to them. */
  instead: z.boolean().optional(),
  operands: z.enum(operandRoles).optional(),
  /** Flags that take a value as the next word with this verb only, and flags that do not although the table says so. */
  valueFlags: z.array(z.string()).optional(),
  switches: z.array(z.string()).optional(),
  /** Named check of code in `table-checks.ts`, for what a table cannot say: SQL text, git refs, HTTP methods. */
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
  /** Flags whose value is a path that is read, written or deleted; they need not be repeated in `valueFlags`. */
  readFlags: z.array(z.string()).default([]),
  writeFlags: z.array(z.string()).default([]),
  /** Flags whose value is an address, or a list of them: judged as hosts. */
  hostFlags: z.array(z.string()).default([]),
  /** Flags whose value names a context, workspace, account or profile: compared with the agent's protectedContexts. */
  contextFlags: z.array(z.string()).default([]),
  /** Environment variables that do the same. */
  contextVariables: z.array(z.string()).default([]),
  /**
   * What `-abc` is: three flags, or one. @default `word` when the table names a flag such as `-chdir`, else `cluster`
   */
  dash: z.enum(['cluster', 'word']).optional(),
  /** Flags end at the first operand. */
  flagsFirst: z.boolean().optional(),
  /** Named check that every command of the program takes, after its rows' own. */
  check: z.string().optional(),
  rows: z.array(rowSchema).min(1),
  /** Operands that no row's verb fits. Absent: the row without a verb decides; without one too, as an unknown program. */
  otherwise: rowSchema.optional(),
});

export type CommandTable = z.infer<typeof tableSchema>;
export type TableRow = z.infer<typeof rowSchema>;
export type Condition = z.infer<typeof conditionSchema>;
export type OperandRole = (typeof operandRoles)[number];
