import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { matchesPattern } from './pattern';

const kinds = ['text', 'file', 'output', 'host'] as const;

/** What setting a variable means for programs that read it; `variables.yaml` describes each. */
export type VariableKind = (typeof kinds)[number];

/** The kind of a variable that programs obey; null for any other. */
export function variableKind(name: string): VariableKind | null {
  loaded ??= load();
  const known = loaded.names.get(name);
  if (known !== undefined) return known;
  return loaded.families.find(([pattern]) => matchesPattern(pattern, name))?.[1] ?? null;
}

let loaded:
  | { names: Map<string, VariableKind>; families: [pattern: string, kind: VariableKind][] }
  | undefined;

const schema = z.strictObject({
  text: z.array(z.string()),
  file: z.array(z.string()),
  output: z.array(z.string()),
  host: z.array(z.string()),
});

function load(): NonNullable<typeof loaded> {
  const table = schema.parse(parse(readFileSync(join(__dirname, 'variables.yaml'), 'utf8')));
  const all = kinds.flatMap((kind) => table[kind].map((name): [string, VariableKind] => [name, kind]));
  return {
    names: new Map(all.filter(([name]) => !name.includes('*'))),
    families: all.filter(([name]) => name.includes('*')),
  };
}
