import { effects, strongerEffect } from '../domain/effect';
import type { Invocation } from './invocation';
import { judgeContexts, judgeOperands } from './operands';
import { type Arguments, parseArguments } from './parse-arguments';
import { addReason, clause, type PartDraft, shown, unresolved } from './part-draft';
import type { CommandContext, Part, SimpleCommand } from './simple-command';
import type { CommandTable, OperandRole, TableRow } from './table';
import { checks } from './table-checks';
import { type Holding, holds, matchVerb } from './table-conditions';

/** What a table makes of a command, and the rows that had a say in it. */
export interface TableJudgement {
  part: Part;
  rows: TableRow[];
}

/** Judges a command by the table of its program; null when no row is meant for it. */
export function judgeByTable(
  table: CommandTable,
  command: SimpleCommand,
  context: CommandContext,
): TableJudgement | null {
  const first = parseArguments(command.args, table);
  const choice = chooseBase(table, first);
  if (choice === null) return null;
  const { base, used } = choice;
  const parsed = base.valueFlags || base.switches ? parseArguments(command.args, table, base) : first;
  const invocation: Invocation = {
    ...parsed,
    command,
    verb: parsed.operands.slice(0, used).map((word) => (word.kind === 'literal' ? word.value : word.source)),
    operands: parsed.operands.slice(used),
    doubts: parsed.doubts.map((doubt) => ({ ...doubt, at: Math.max(0, doubt.at - used) })),
  };
  const draft: PartDraft = {
    effect: 'read',
    marks: {},
    why: '',
    findings: [],
    checks: [],
    role: 'none',
    otherRoles: [],
  };
  const rows = [base];
  apply(base, draft, command);
  for (const row of sortedRows(table).conditional) {
    const isWeaker = weakens(row, draft);
    if (row.verb && !sameVerb(row.verb, base.verb)) {
      // A row that strengthens also counts for a more specific verb of the same words.
      if (isWeaker) continue;
      const match = matchVerb(row.verb, parsed.operands);
      if (match.kind !== 'yes' || match.used !== used) continue;
    }
    const holding = holds(row.when!, invocation, isWeaker);
    if (holding.kind === 'yes') {
      apply(row, draft, command);
      rows.push(row);
    } else if (holding.kind === 'unknown' && !isWeaker && adds(row, draft)) {
      // Whichever way the operands are read, reading them is all that is done: both are judged.
      if (onlyReadsOtherwise(row, draft)) draft.otherRoles.push(row.operands);
      else draft.findings.push(doubted(holding, command));
    }
  }
  if (choice.doubtful) {
    for (const row of choice.candidates) draft.effect = strongerEffect(draft.effect, row.effect ?? 'sandbox');
    draft.findings.push(unresolved(command, choice.doubtful, 'decides what it does'));
  }
  judgeOperands(table, invocation, draft, context);
  for (const name of [...draft.checks, ...(table.check ? [table.check] : [])]) {
    const check = checks[name];
    // A table that names a check this release does not have is broken: the throw denies.
    if (!check) throw new Error(`no such check: ${name}`);
    check(invocation, draft, context);
  }
  judgeContexts(table, invocation, draft, context);
  const { checks: _, role: __, otherRoles: ___, ...part } = draft;
  return { part, rows };
}

interface Choice {
  base: TableRow;
  /** How many operands are the verb. */
  used: number;
  /** The unresolved word that may make another row the base, and those rows. */
  doubtful: Arguments['operands'][number] | null;
  candidates: TableRow[];
}

function chooseBase(table: CommandTable, { operands, doubts, flags }: Arguments): Choice | null {
  const end = endOfWholeVerb(table, operands, flags);
  let best: { base: TableRow; used: number; rank: number } | null = null;
  const candidates: TableRow[] = [];
  for (const row of sortedRows(table).verbs) {
    const match = matchVerb(row.verb!, operands);
    if (match.kind === 'unknown') {
      if (end === null || matchVerb(row.verb!, operands.slice(0, end)).kind !== 'no') candidates.push(row);
    } else if (match.kind === 'yes' && (best === null || isBetter(row, match.rank, best)))
      best = { base: row, used: match.used, rank: match.rank };
  }
  if (best === null) {
    const bare = table.rows.find((row) => !row.verb && !row.when);
    const base = operands.length > 0 ? (table.otherwise ?? bare) : (bare ?? table.otherwise);
    if (base === undefined) return null;
    best = { base, used: 0, rank: 0 };
  }
  const { used } = best;
  const early = sortedRows(table).hasVerbs ? doubts.find(({ at }) => at < used || used === 0) : undefined;
  if (early) return { ...best, doubtful: early.word, candidates: table.rows.filter((row) => !row.when) };
  const word = operands.slice(used).find((each) => each.kind === 'unresolved') ?? null;
  return { ...best, doubtful: candidates.length > 0 ? word : null, candidates };
}

interface SortedRows {
  /** Rows with `when`, in the order of the file. */
  conditional: TableRow[];
  /** Rows with a verb and without `when`. */
  verbs: TableRow[];
  whole: TableRow[];
  hasVerbs: boolean;
}

const sorted = new WeakMap<CommandTable, SortedRows>();

/** The rows of a table by what they are for, found once: most of a long table concerns other verbs. */
function sortedRows(table: CommandTable): SortedRows {
  let rows = sorted.get(table);
  if (rows === undefined) {
    const verbs = table.rows.filter((row) => row.verb && !row.when);
    rows = {
      conditional: table.rows.filter((row) => row.when),
      verbs,
      whole: verbs.filter((row) => row.whole),
      hasVerbs: table.rows.some((row) => row.verb),
    };
    sorted.set(table, rows);
  }
  return rows;
}

/** Where a verb that is complete ends, unless a flag before it may have taken one of its words as a value. */
function endOfWholeVerb(
  table: CommandTable,
  operands: Arguments['operands'],
  flags: Arguments['flags'],
): number | null {
  let end: number | null = null;
  for (const row of sortedRows(table).whole) {
    const match = matchVerb(row.verb!, operands);
    if (match.kind === 'yes' && (end === null || match.used < end)) end = match.used;
  }
  const isUnsure = flags.some(
    ({ at, value, takesValue }) => at < (end ?? 0) && value === null && !takesValue,
  );
  return isUnsure ? null : end;
}

function apply(row: TableRow, draft: PartDraft, command: SimpleCommand): void {
  if (row.instead) {
    draft.marks = {};
    draft.checks = [];
    delete draft.iteration;
  }
  if (row.iteration) draft.iteration = row.iteration;
  if (row.effect) draft.effect = row.effect;
  const why = row.why?.replaceAll('{command}', shown(command));
  if (row.effect) draft.why = why ?? clause(draft.effect, command);
  for (const mark of row.marks ?? []) addReason(draft, mark, why ?? clause(mark, command));
  if (row.check) draft.checks.push(row.check);
  if (row.operands) draft.role = row.operands;
}

/** Whether a row makes less of a command, so that a doubt must not let it count. */
function weakens(row: TableRow, draft: PartDraft): boolean {
  return (
    row.instead === true ||
    (row.effect !== undefined && effects.indexOf(row.effect) < effects.indexOf(draft.effect))
  );
}

function adds(row: TableRow, draft: PartDraft): boolean {
  return (
    (row.effect !== undefined && effects.indexOf(row.effect) > effects.indexOf(draft.effect)) ||
    (row.marks ?? []).some((mark) => !(mark in draft.marks)) ||
    (row.check !== undefined && !draft.checks.includes(row.check)) ||
    (row.operands !== undefined && row.operands !== draft.role)
  );
}

const READING: readonly (OperandRole | undefined)[] = ['none', 'text', 'read', 'first-text-then-read'];

/** Whether a row would change no more than which operands are files that are read. */
function onlyReadsOtherwise(row: TableRow, draft: PartDraft): row is TableRow & { operands: OperandRole } {
  return (
    READING.includes(row.operands) &&
    READING.includes(draft.role) &&
    !adds({ ...row, operands: undefined }, draft)
  );
}

function doubted(holding: Holding & { kind: 'unknown' }, command: SimpleCommand) {
  return unresolved(command, holding.word, 'may be a flag or value that changes what it does');
}

/** The more specific verb; of two equally specific rows the stricter one. */
function isBetter(row: TableRow, rank: number, best: { base: TableRow; rank: number }): boolean {
  if (rank !== best.rank) return rank > best.rank;
  const strength = ({ effect = 'sandbox', marks = [] }: TableRow) =>
    effects.indexOf(effect) * 10 + marks.length;
  return strength(row) > strength(best.base);
}

function sameVerb(one: readonly string[], other: readonly string[] | undefined): boolean {
  return one.length === other?.length && one.every((word, at) => word === other[at]);
}
