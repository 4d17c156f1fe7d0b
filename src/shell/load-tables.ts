import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { GatehouseError } from '../domain/errors';
import { type CommandTable, tableSchema } from './table';

/** The folder of the tables. */
export const TABLES = join(__dirname, 'tables');

/**
 * The table of a program, or undefined. A file is read when a program of it is first asked for: the index of programs
 * comes from the `programs:` lines alone, since reading all of YAML takes longer than most commands.
 *
 * @throws GatehouseError `bad-command-table`, each time: a table that cannot be read never becomes an unknown program
 */
export function tableOf(program: string): CommandTable | undefined {
  index ??= readIndex();
  const file = index.get(program);
  if (file === undefined) return undefined;
  let tables = loaded.get(file);
  if (tables === undefined) {
    tables = new Map(loadTables(file).flatMap((table) => table.programs.map((name) => [name, table])));
    loaded.set(file, tables);
  }
  return tables.get(program);
}

/** The names of the table files. */
export function tableFiles(): string[] {
  return readdirSync(TABLES)
    .filter((name) => name.endsWith('.yaml') && name !== DESTROYING_VERBS)
    .sort();
}

/** All tables of a file. */
export function loadTables(file: string): CommandTable[] {
  return read(file, z.union([z.array(tableSchema), tableSchema.transform((table) => [table])]));
}

/** Words that destroy what they are given, as subcommands and as flags of programs that no table knows. */
export function destroyingVerbs(): z.infer<typeof destroyingVerbsSchema> {
  verbs ??= read(DESTROYING_VERBS, destroyingVerbsSchema);
  return verbs;
}

const DESTROYING_VERBS = 'destroying-verbs.yaml';

const destroyingVerbsSchema = z.strictObject({
  verbs: z.array(z.string()),
  flags: z.array(z.string()),
  ofData: z.strictObject({ verbs: z.array(z.string()), nouns: z.array(z.string()) }),
  harmless: z.array(z.string()),
});

let index: Map<string, string> | undefined;
const loaded = new Map<string, Map<string, CommandTable>>();
let verbs: z.infer<typeof destroyingVerbsSchema> | undefined;

function readIndex(): Map<string, string> {
  const programs = new Map<string, string>();
  for (const file of tableFiles())
    for (const [, names = ''] of readFileSync(join(TABLES, file), 'utf8').matchAll(PROGRAMS))
      for (const name of names.split(',')) programs.set(name.trim().replace(/^(['"])(.*)\1$/, '$2'), file);
  return programs;
}

const PROGRAMS = /^(?:- |\s+)?programs: *\[([^\]]*)\]/gm;

function read<T>(file: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(parse(readFileSync(join(TABLES, file), 'utf8')));
  } catch (cause) {
    const problem = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message;
    throw new GatehouseError(
      'bad-command-table',
      `the command table \`${file}\` cannot be read: ${problem.replace(/\s*\n\s*/g, ' ')}`,
      { cause },
    );
  }
}
