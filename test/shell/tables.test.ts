import { judgeProgram } from '../../src/shell/judge-program';
import { loadTables, tableFiles, tableOf } from '../../src/shell/load-tables';
import { judgeByTable } from '../../src/shell/match-table';
import type { CommandContext, SimpleCommand } from '../../src/shell/simple-command';
import type { CommandTable, TableRow } from '../../src/shell/table';
import { checks } from '../../src/shell/table-checks';

const context = {
  runId: 'r1',
  branch: 'gatehouse/r1',
  cwd: '/workspace',
  settings: {
    grounding: 'ask',
    trustedTools: [],
    protectedBranches: ['main'],
    protectedPaths: [],
    protectedContexts: ['prod*'],
    network: [],
    onAsk: 'wait',
    onBudget: 'fail',
    validate: null,
  },
} as CommandContext;

/** Words of an example: quotes group, nothing else is special. */
function commandOf(example: string): SimpleCommand {
  const words = [...example.matchAll(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g)].map(([word]) =>
    word.replace(/'([^']*)'|"([^"]*)"/g, (_, one?: string, two?: string) => one ?? two ?? ''),
  );
  const [program = '', ...args] = words;
  return {
    program,
    args: args.map((value) => ({ kind: 'literal', value, hasGlob: false })),
    assignments: new Map(),
    stdin: { kind: 'none' },
    source: example,
  };
}

const rows = tableFiles().flatMap((file) =>
  loadTables(file).flatMap((table) =>
    [...table.rows, ...(table.otherwise ? [table.otherwise] : [])].map(
      (row): [string, CommandTable, TableRow] => [`${file}: ${row.example}`, table, row],
    ),
  ),
);

test.each(rows)('%s is decided by its row', (_, table, row) => {
  const judged = judgeByTable(table, commandOf(row.example), context);
  expect(judged?.rows).toContain(row);
  if (row.effect && row.effect !== 'read' && !row.check && judged?.rows.at(-1) === row)
    expect(judged.part.effect).toBe(row.effect);
  for (const mark of row.marks ?? []) expect(judged?.part.marks).toHaveProperty(mark);
});

test('every program is in one table, and found by the index', () => {
  const seen = new Map<string, string>();
  for (const file of tableFiles())
    for (const table of loadTables(file))
      for (const program of table.programs) {
        expect([program, seen.get(program)]).toEqual([program, undefined]);
        seen.set(program, file);
        expect([program, tableOf(program)?.programs.includes(program)]).toEqual([program, true]);
      }
});

test('every check that a table names is there', () => {
  const named = rows
    .flatMap(([, table, row]) => [table.check, row.check])
    .filter((name) => name !== undefined);
  expect(named.filter((name) => !checks[name])).toEqual([]);
});

test('a program that no table knows runs in the sandbox, and a destroying word marks it', () => {
  expect(judgeProgram(commandOf('frobctl status'), context)).toMatchObject({ effect: 'sandbox', marks: {} });
  expect(judgeProgram(commandOf('frobctl topic delete orders'), context).marks).toHaveProperty('destructive');
  expect(judgeProgram(commandOf('frobctl deleteTopic orders'), context).marks).toHaveProperty('destructive');
  expect(judgeProgram(commandOf('frobctl --no-delete run'), context).marks).toEqual({});
});

test('flags count wherever they stand, in clusters, abbreviated, and not after --', () => {
  const effectsOf = (text: string) => judgeProgram(commandOf(text), context).effect;
  const marksOf = (text: string) => Object.keys(judgeProgram(commandOf(text), context).marks);
  expect(effectsOf('sort -uo out.txt in.txt')).toBe('sandbox');
  expect(effectsOf('sort in.txt --outp=out.txt')).toBe('sandbox');
  expect(effectsOf('sort -- in.txt')).toBe('read');
  expect(marksOf('rsync docs copy --del')).toContain('destructive');
  expect(marksOf('rsync -a docs copy -- --delete')).not.toContain('destructive');
});

test('an unresolved word that may be a flag keeps a pretence from counting', () => {
  const pretended = commandOf('rsync -n --delete docs copy');
  expect(Object.keys(judgeProgram(pretended, context).marks)).toEqual([]);
  const doubtful: SimpleCommand = {
    ...pretended,
    args: [...pretended.args, { kind: 'unresolved', source: '$more', prefix: '', maySplit: true }],
  };
  expect(Object.keys(judgeProgram(doubtful, context).marks)).toContain('destructive');
});
