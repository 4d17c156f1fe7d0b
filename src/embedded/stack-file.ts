import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { isAlive, processIdentity } from './process-identity';

const running = z.object({
  /** The process that brought it up. */
  pid: z.int(),
  identity: z.string(),
  /** `host:port` */
  temporal: z.string(),
  namespace: z.string(),
  temporalUi: z.string().nullable(),
  databaseUrl: z.string(),
  organization: z.string(),
  keyFile: z.string(),
  /** Folder of the artifact store. */
  artifacts: z.string(),
  /** The keys that encrypt histories; absent before there were any. */
  payloadKeys: z.string().optional(),
  /** Webhooks that may be private; absent where none may. */
  privateWebhooks: z.string().optional(),
  /** The codec server, which shows them to the Temporal UI and CLI. */
  codec: z.string().optional(),
  /** URLs; null where there is none. */
  api: z.string().nullable(),
  console: z.string().nullable(),
});

/** Where a running Gatehouse can be reached, as it is written into its data folder. */
export type RunningStack = z.infer<typeof running>;

/** Writes `stack.json` (0600: it holds the database's password) for the commands of other terminals. */
export async function writeStackFile(
  dataDir: string,
  stack: Omit<RunningStack, 'pid' | 'identity'>,
): Promise<void> {
  const identity = (await processIdentity(process.pid)) ?? 'unknown';
  const draft = `${fileIn(dataDir)}.new`;
  await writeFile(draft, `${JSON.stringify({ pid: process.pid, identity, ...stack }, null, 2)}\n`, {
    mode: 0o600,
  });
  await rename(draft, fileIn(dataDir));
}

export async function removeStackFile(dataDir: string): Promise<void> {
  await rm(fileIn(dataDir), { force: true });
}

/** The stack that runs on this data folder now, or `null`: what a killed one left behind does not count. */
export async function readStackFile(dataDir: string): Promise<RunningStack | null> {
  let text: string;
  try {
    text = await readFile(fileIn(dataDir), 'utf8');
  } catch {
    return null;
  }
  const parsed = running.safeParse(parseJson(text));
  return parsed.success && (await isAlive(parsed.data)) ? parsed.data : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function fileIn(dataDir: string): string {
  return join(dataDir, 'stack.json');
}
