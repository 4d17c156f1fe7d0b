import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GatehouseError } from '../domain/errors';
import type { NewPullRequest, PullRequest } from './forge';

/** A pull request as it is kept. */
export interface PullRecord extends Omit<PullRequest, 'url'> {
  runId: string;
  /** ISO 8601. */
  createdAt: string;
  /** Commits it was merged from and into. */
  merged?: { base: string; head: string; result: string };
}

export type PullRecords = ReturnType<typeof openPullRecords>;

/** The pull requests of one repository: a file each, named by number, complete whenever it is there. */
export function openPullRecords(folder: string) {
  const fileOf = (number: number) => join(folder, `${number}.json`);

  async function read(number: number): Promise<PullRecord> {
    try {
      return JSON.parse(await readFile(fileOf(number), 'utf8')) as PullRecord;
    } catch (cause) {
      throw new GatehouseError('pull-request-unknown', `there is no pull request #${number}`, { cause });
    }
  }

  async function numbers(): Promise<number[]> {
    const names = await readdir(folder).catch(() => [] as string[]);
    return names
      .flatMap((name) => /^(\d+)\.json$/.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((one, other) => one - other);
  }

  /** One that was taken back between the listing and the reading is no pull request. */
  const all = async (): Promise<PullRecord[]> =>
    (await Promise.all((await numbers()).map((number) => read(number).catch(ifPresent)))).flatMap(
      (record) => record ?? [],
    );

  return {
    read,
    /** Oldest first. */
    all,

    /** @throws GatehouseError `pull-request-exists` when an open one has the same head and base */
    async create(request: NewPullRequest & { runId: string }): Promise<PullRecord> {
      await mkdir(folder, { recursive: true });
      const isSame = (other: PullRecord) =>
        other.state === 'open' && other.head === request.head && other.base === request.base;
      const exists = (other: PullRecord) =>
        new GatehouseError(
          'pull-request-exists',
          `pull request #${other.number} is open from \`${request.head}\` to \`${request.base}\` already`,
        );
      const before = (await all()).find(isSame);
      if (before) throw exists(before);
      for (let number = ((await numbers()).at(-1) ?? 0) + 1; ; number++) {
        const record: PullRecord = { ...request, number, state: 'open', createdAt: new Date().toISOString() };
        const temporary = await writeBeside(folder, record);
        try {
          // A link is made or not, and never over another: the number is taken at once with its content.
          await link(temporary, fileOf(number));
        } catch (cause) {
          if ((cause as NodeJS.ErrnoException).code === 'EEXIST') continue;
          throw cause;
        } finally {
          await rm(temporary, { force: true });
        }
        const earlier = (await all()).find((other) => isSame(other) && other.number < number);
        if (earlier === undefined) return record;
        await rm(fileOf(number), { force: true });
        throw exists(earlier);
      }
    },

    async replace(record: PullRecord): Promise<PullRecord> {
      await rename(await writeBeside(folder, record), fileOf(record.number));
      return record;
    },
  };
}

function ifPresent(error: unknown): null {
  const cause = error instanceof GatehouseError ? error.cause : error;
  if ((cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return null;
  throw error;
}

async function writeBeside(folder: string, record: PullRecord): Promise<string> {
  const file = join(folder, `.${randomUUID()}.tmp`);
  await writeFile(file, `${JSON.stringify(record, null, 2)}\n`);
  return file;
}
