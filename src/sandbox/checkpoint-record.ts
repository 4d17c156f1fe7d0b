import { readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Checkpoint } from '../domain/checkpoint';
import { GatehouseError } from '../domain/errors';
import type { RunFolder } from './run-folder';

/** What a host keeps of a run's latest checkpoint, beside the workspace. */
export interface CheckpointRecord {
  /** See {@link Checkpoint}. */
  base: string | null;
  latest: { artifact: string; checkpoint: Checkpoint } | null;
}

/** What is not there or cannot be read is no checkpoint: the next one holds everything. */
export async function readRecord(folder: RunFolder): Promise<CheckpointRecord> {
  try {
    const { base, latest } = JSON.parse(await readFile(folder.checkpoint, 'utf8'));
    return {
      base,
      latest: latest && { artifact: latest.artifact, checkpoint: shape.parse(latest.checkpoint) },
    };
  } catch {
    return { base: null, latest: null };
  }
}

export async function writeRecord(folder: RunFolder, record: CheckpointRecord): Promise<void> {
  await writeFile(`${folder.checkpoint}.new`, JSON.stringify(record), { mode: 0o600 });
  await rename(`${folder.checkpoint}.new`, folder.checkpoint);
}

/** @throws GatehouseError `checkpoint-unusable` */
export function checkpointOf(bytes: Uint8Array): Checkpoint {
  try {
    return shape.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch (cause) {
    throw unusable(cause);
  }
}

export function unusable(cause?: unknown): GatehouseError {
  return new GatehouseError('checkpoint-unusable', "the workspace's checkpoint cannot be read", { cause });
}

const object = z.string().regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/);
const branch = z.string().regex(/^refs\/heads\/[^\s:?*[\\^~]+$/);
const names = z.array(z.string());

const shape: z.ZodType<Checkpoint> = z.strictObject({
  base: object.nullable(),
  began: object,
  commit: object,
  tree: object,
  head: object,
  branch: branch.nullable(),
  refs: z.array(z.strictObject({ name: z.union([branch, z.literal('refs/stash')]), commit: object })),
  packs: z.array(z.string().regex(/^[0-9a-f]{64}$/)),
  notKept: z.strictObject({ ignored: names, tooLarge: names, withheld: names.optional() }),
});
