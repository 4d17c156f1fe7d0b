import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

/** One row of `wrappers.yaml`, which describes each key. */
const wrapperSchema = z.strictObject({
  programs: z.array(z.string()).min(1),
  verb: z.array(z.string()).optional(),
  valueFlags: z.array(z.string()).default([]),
  skip: z.int().default(0),
  assignments: z.boolean().default(false),
  textFlags: z.array(z.string()).default([]),
  text: z.union([z.boolean(), z.enum(['single', 'each'])]).default(false),
  scriptFlags: z.array(z.string()).default([]),
  place: z.enum(['here', 'remote', 'container', 'program', 'later']).default('here'),
  hosts: z.boolean().default(false),
  separator: z.string().optional(),
  folderFlags: z.array(z.string()).default([]),
  emptyingFlags: z.array(z.string()).default([]),
  tellingFlags: z.array(z.string()).default([]),
  shell: z.union([z.boolean(), z.array(z.string())]).default(false),
  textIsWords: z.boolean().default(false),
  bareTells: z.boolean().default(false),
  flagsAnywhere: z.boolean().default(false),
  commandFlags: z.array(z.string()).default([]),
  sameShell: z.boolean().default(false),
});

export type Wrapper = z.infer<typeof wrapperSchema>;

/** A wrapper without any flags of its own. */
export function plainWrapper(program: string): Wrapper {
  return wrapperSchema.parse({ programs: [program] });
}

/** All wrappers by the program that is written. */
export function wrappers(): ReadonlyMap<string, readonly Wrapper[]> {
  if (loaded) return loaded;
  loaded = new Map();
  const rows = z.array(wrapperSchema).parse(parse(readFileSync(join(__dirname, 'wrappers.yaml'), 'utf8')));
  for (const row of rows)
    for (const program of row.programs) loaded.set(program, [...(loaded.get(program) ?? []), row]);
  return loaded;
}

let loaded: Map<string, Wrapper[]> | undefined;
