import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { GatehouseError } from '../domain/errors';
import { sha256 } from '../domain/hashing';
import type { Forge, NewPullRequest, PullRequest } from './forge';
import { hostGit } from './host-git';
import { mergeability, mergeBranches } from './local-merge';
import { openPullRecords, type PullRecord } from './local-pulls';
import { requireOwnContent } from './source-repository';

export type LocalPullRequest = PullRecord & PullRequest;

/** A pull request with what it would change. */
export interface ShownPullRequest extends LocalPullRequest {
  /** Unified diff of base...head. */
  diff: string;
  /** For an open one: whether it merges without conflicts. */
  isMergeable: boolean;
}

/** What the forge keeps of one source repository. */
export interface LocalRepository {
  /** First 16 hex digits of the sha-256 of the source. */
  key: string;
  /** The bare repository. */
  path: string;
  /** Absolute path or URL it was cloned from. */
  source: string;
}

/** A forge on this machine: a bare repository for each source, and pull requests as records beside it. */
export interface LocalForge extends Forge {
  readonly kind: 'local';
  /**
   * Makes the bare copy of a source where there is none, brings its branches up to date where that loses nothing, and
   * notes that the run works on it. The source is only read.
   *
   * @param source path of a git repository, or a URL
   * @throws GatehouseError `repository-unavailable`
   */
  ensure(runId: string, source: string): Promise<LocalRepository>;
  /** The repository a run works on. @throws GatehouseError `repository-unknown` */
  repositoryOf(runId: string): LocalRepository;
  /** By repository, oldest first. */
  list(key: string): Promise<LocalPullRequest[]>;
  /** @throws GatehouseError `pull-request-unknown` */
  show(key: string, number: number): Promise<ShownPullRequest>;
  /**
   * Merges an open pull request: moves the base forward where it can, else makes a merge commit.
   *
   * @throws GatehouseError `pull-request-not-mergeable` when it is not open or conflicts
   */
  merge(key: string, number: number): Promise<LocalPullRequest>;
}

/** @param options.root folder of the forge's own; made where missing */
export function createLocalForge({ root }: { root: string }): LocalForge {
  const folder = resolve(root);
  const bareOf = (key: string) => join(folder, key, 'repo.git');
  const recordsOf = (key: string) => openPullRecords(join(folder, key, 'pulls'));
  const complete = (key: string, record: PullRecord): LocalPullRequest => ({
    ...record,
    url: `file://${join(folder, key, 'pulls', `${record.number}.json`)}`,
  });

  function repositoryOf(runId: string): LocalRepository {
    const file = runFile(folder, runId);
    if (!existsSync(file))
      throw new GatehouseError('repository-unknown', `the forge knows no repository of the run \`${runId}\``);
    const { key, source } = JSON.parse(readFileSync(file, 'utf8')) as { key: string; source: string };
    return { key, source, path: bareOf(key) };
  }

  async function defaultBranchOf(key: string): Promise<string> {
    const head = await hostGit(bareOf(key), ['symbolic-ref', '--short', 'HEAD']);
    if (head.exitCode !== 0)
      throw new GatehouseError(
        'repository-unavailable',
        'the repository on the forge has no default branch',
        {
          cause: head.stderr,
        },
      );
    return head.stdout.trim();
  }

  return {
    kind: 'local',
    repositoryOf,
    remoteUrl: (runId) => repositoryOf(runId).path,
    defaultBranch: async (runId) => defaultBranchOf(repositoryOf(runId).key),

    async ensure(runId, source) {
      const origin = isUrl(source) ? source : resolve(source);
      const key = sha256(origin).slice(0, 16);
      await mkdir(join(folder, 'runs'), { recursive: true });
      await ensureBare(folder, key, origin);
      const file = runFile(folder, runId);
      await writeFile(`${file}.${process.pid}`, JSON.stringify({ key, source: origin }));
      await rename(`${file}.${process.pid}`, file);
      return { key, source: origin, path: bareOf(key) };
    },

    async createPullRequest(runId, request) {
      const { key } = repositoryOf(runId);
      await requireBranches(bareOf(key), request);
      return complete(key, await recordsOf(key).create({ ...request, runId }));
    },

    async findPullRequest(runId, head) {
      const { key } = repositoryOf(runId);
      const found = (await recordsOf(key).all()).filter((record) => record.head === head);
      const record = found.find(({ state }) => state === 'open') ?? found.at(-1);
      return record === undefined ? null : complete(key, record);
    },

    async list(key) {
      return (await recordsOf(key).all()).map((record) => complete(key, record));
    },

    async show(key, number) {
      const record = await recordsOf(key).read(number);
      const bare = bareOf(key);
      // A merged one shows what it brought, from the commits it was merged from.
      const [base, head] = record.merged
        ? [record.merged.base, record.merged.head]
        : [`refs/heads/${record.base}`, `refs/heads/${record.head}`];
      const diff = await hostGit(bare, [
        'diff',
        '--no-ext-diff',
        '--no-textconv',
        '--no-color',
        `${base}...${head}`,
      ]);
      const isMergeable =
        record.state === 'open' && (await mergeability(bare, base, head)).kind !== 'conflict';
      return { ...complete(key, record), diff: diff.stdout, isMergeable };
    },

    async merge(key, number) {
      const records = recordsOf(key);
      const record = await records.read(number);
      if (record.state !== 'open')
        throw new GatehouseError('pull-request-not-mergeable', `pull request #${number} is ${record.state}`);
      const merged = await mergeBranches(bareOf(key), record);
      return complete(key, await records.replace({ ...record, state: 'merged', merged }));
    },
  };
}

async function ensureBare(folder: string, key: string, source: string): Promise<void> {
  const bare = join(folder, key, 'repo.git');
  const env = await configuration(folder);
  if (!isUrl(source) && !(await isFolder(source)))
    throw new GatehouseError('repository-unavailable', `there is no git repository at \`${source}\``);
  if (!isUrl(source)) await requireOwnContent(source);
  if (existsSync(bare)) {
    // Not forced: what was merged on the forge stays, and a source that went another way is left where it was.
    const fetched = await hostGit(
      bare,
      ['fetch', '--no-write-fetch-head', source, 'refs/heads/*:refs/heads/*'],
      env,
    );
    if (fetched.exitCode !== 0 && !/rejected/.test(fetched.stderr)) throw unavailable(source, fetched.stderr);
    return;
  }
  await mkdir(join(folder, key), { recursive: true });
  const temporary = await mkdtemp(join(folder, key, 'new-'));
  try {
    const cloned = await hostGit(
      folder,
      [
        'clone',
        '--quiet',
        '--bare',
        '--no-hardlinks',
        '--template=',
        '--',
        source,
        join(temporary, 'repo.git'),
      ],
      env,
    );
    if (cloned.exitCode !== 0) throw unavailable(source, cloned.stderr);
    const head = await hostGit(join(temporary, 'repo.git'), ['rev-parse', '--verify', '--quiet', 'HEAD']);
    if (head.exitCode !== 0)
      throw new GatehouseError('repository-unavailable', `the repository \`${source}\` has no commit yet`);
    // There, so that a sandbox that reaches the forge can be shown it read-only: git would run what is put into it.
    await mkdir(join(temporary, 'repo.git/hooks'), { recursive: true });
    await rename(join(temporary, 'repo.git'), bare).catch((cause: NodeJS.ErrnoException) => {
      // Another run was quicker; its copy is as good.
      if (cause.code !== 'ENOTEMPTY' && cause.code !== 'EEXIST') throw cause;
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Lets git read a source whoever owns it. A file, because git hides its own variables from the far side of a clone. */
async function configuration(folder: string): Promise<Record<string, string>> {
  const file = join(folder, 'gitconfig');
  if (!existsSync(file)) await writeFile(file, '[safe]\n\tdirectory = *\n');
  return { GIT_CONFIG_GLOBAL: file };
}

async function requireBranches(bare: string, { head, base }: NewPullRequest): Promise<void> {
  for (const branch of [base, head]) {
    const found = await hostGit(bare, ['rev-parse', '--verify', '--quiet', `refs/heads/${branch}`]);
    if (found.exitCode !== 0)
      throw new GatehouseError('branch-unknown', `the forge has no branch \`${branch}\`; push it first`);
  }
  const ahead = await hostGit(bare, ['rev-list', '--count', `refs/heads/${base}..refs/heads/${head}`]);
  if (ahead.stdout.trim() === '0')
    throw new GatehouseError(
      'pull-request-empty',
      `\`${head}\` holds no commit that \`${base}\` does not have`,
    );
}

function runFile(folder: string, runId: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(runId))
    throw new GatehouseError('repository-unknown', 'the run id has letters that no run id has');
  return join(folder, 'runs', `${runId}.json`);
}

function isUrl(source: string): boolean {
  return !isAbsolute(source) && /^(?:https?|ssh|git|file):\/\//.test(source);
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() ?? false;
}

function unavailable(source: string, cause: string): GatehouseError {
  return new GatehouseError(
    'repository-unavailable',
    `the repository \`${withoutPassword(source)}\` cannot be read`,
    {
      cause,
    },
  );
}

function withoutPassword(source: string): string {
  return source.replace(/\/\/[^/@]*@/, '//');
}
