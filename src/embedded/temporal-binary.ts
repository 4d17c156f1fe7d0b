import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { GatehouseError } from '../domain/errors';
import { findProgram, type HostEnvironment, isExecutableFile, type Progress, runToEnd } from './programs';
import { downloadTemporal, temporalDownloads } from './temporal-download';

/** The newest CLI that `go install` can build; later ones hold a replace directive. */
export const temporalCliVersion = '1.5.1';

export type TemporalBinarySource = 'path' | 'cache' | 'download' | 'go';

export interface TemporalBinary {
  path: string;
  source: TemporalBinarySource;
}

export interface TemporalBinaryOptions {
  /** PATH, HOME and XDG_CACHE_HOME decide; Go's own variables are passed on to `go install`. */
  environment: HostEnvironment;
  progress: Progress;
  /** @default temporalDownloads */
  downloads?: URL;
  /** @default 10_000 */
  giveUpAfterMs?: number;
}

/**
 * Finds a `temporal` that can run a development server: on PATH, in our cache, as a download, built with Go. What was
 * downloaded or built goes into the cache under its final name only once it runs. Throws `temporal-unavailable`.
 */
export async function findTemporalBinary(options: TemporalBinaryOptions): Promise<TemporalBinary> {
  const { environment, progress } = options;
  const onPath = await findProgram('temporal', environment);
  if (onPath !== null) {
    if (await canServe(onPath, environment)) return { path: onPath, source: 'path' };
    progress(`\`${onPath}\` cannot run a development server, looking further`);
  }
  const folder = cacheFolder(environment);
  const cached = join(folder, 'temporal');
  if (await isExecutableFile(cached)) {
    if (await canServe(cached, environment)) return { path: cached, source: 'cache' };
    progress(`\`${cached}\` does not run, getting it anew`);
  }
  const failures: string[] = [];
  for (const way of [download, buildWithGo]) {
    const draft = await makeDraftFolder(folder);
    try {
      const { path, source } = await way(draft, options);
      await chmod(path, 0o755);
      if (!(await canServe(path, environment))) throw new Error('what came does not run here');
      await rename(path, cached);
      return { path: cached, source };
    } catch (error) {
      failures.push(`${way.title}: ${error instanceof Error ? shortened(error) : 'failed'}`);
      progress(`no Temporal server by ${failures.at(-1)}`);
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }
  throw new GatehouseError(
    'temporal-unavailable',
    'no Temporal server could be had: install the `temporal` CLI (https://docs.temporal.io/cli), or install Go, or set `TEMPORAL_ADDRESS` to a server of your own',
    { cause: failures.join('; ') },
  );
}

/** `$XDG_CACHE_HOME` or `~/.cache`, then `gatehouse/temporal/VERSION`. */
export function cacheFolder(environment: HostEnvironment): string {
  const caches = environment.XDG_CACHE_HOME || join(environment.HOME || homedir(), '.cache');
  return join(caches, 'gatehouse', 'temporal', temporalCliVersion);
}

async function download(folder: string, options: TemporalBinaryOptions): Promise<TemporalBinary> {
  options.progress('downloading the Temporal server');
  const path = await downloadTemporal({
    version: temporalCliVersion,
    folder,
    from: options.downloads ?? temporalDownloads,
    environment: options.environment,
    giveUpAfterMs: options.giveUpAfterMs,
  });
  return { path, source: 'download' };
}
download.title = 'download';

async function buildWithGo(
  folder: string,
  { environment, progress }: TemporalBinaryOptions,
): Promise<TemporalBinary> {
  const go = await findProgram('go', environment);
  if (go === null) throw new Error('`go` is not on PATH');
  progress('building the Temporal server with Go, about three minutes the first time');
  const { exitCode, output } = await runToEnd(
    go,
    ['install', `github.com/temporalio/cli/cmd/temporal@v${temporalCliVersion}`],
    { environment: { ...environment, GOBIN: folder }, workingDirectory: folder },
  );
  if (exitCode !== 0) throw new Error(output.trim().split('\n').at(-1) ?? 'failed');
  return { path: join(folder, 'temporal'), source: 'go' };
}
buildWithGo.title = 'go install';

async function canServe(path: string, environment: HostEnvironment): Promise<boolean> {
  const { exitCode, output } = await runToEnd(path, ['server', 'start-dev', '--help'], {
    environment,
    timeoutMs: 10_000,
  });
  return exitCode === 0 && output.includes('--sqlite-pragma') && output.includes('--dynamic-config-value');
}

// Drafts lie beside the cached file, so that the rename stays on one disk; those of killed attempts go after a day.
async function makeDraftFolder(folder: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true });
    for (const name of await readdir(folder)) {
      if (!name.startsWith('draft-')) continue;
      const ageMs = Date.now() - (await stat(join(folder, name))).mtimeMs;
      if (ageMs > 24 * 3_600_000) await rm(join(folder, name), { recursive: true, force: true });
    }
    return await mkdtemp(join(folder, 'draft-'));
  } catch (cause) {
    throw new GatehouseError(
      'temporal-unavailable',
      `the cache folder \`${folder}\` cannot be written: repair it, name another with \`XDG_CACHE_HOME\`, or put \`temporal\` on PATH`,
      { cause },
    );
  }
}

function shortened(error: Error): string {
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return `${error.message}${cause}`.slice(0, 200);
}
