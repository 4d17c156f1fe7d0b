import { lstatSync } from 'node:fs';
import type { StartedSandbox } from './started-sandbox';

/** Sandboxes that are set up after a profile and lack only their command. */
export interface ReadySandboxes {
  /** Whether one with this profile would be kept. */
  wants(profile: readonly string[]): boolean;
  keep(profile: readonly string[], started: StartedSandbox): void;
  /** One with exactly this profile over the same folders and files as now, or null. It is kept no longer. */
  take(profile: readonly string[]): StartedSandbox | null;
}

/** How many are kept, one of each profile; a waiting one takes about two megabytes. */
const AT_MOST = 24;
/** How long one waits: meanwhile it holds what it has mounted, also when that is removed. */
const KEPT_FOR_MS = 5 * 60_000;

interface Kept {
  started: StartedSandbox;
  sources: string;
  expiry: NodeJS.Timeout;
}

export function createReadySandboxes(): ReadySandboxes {
  const kept = new Map<string, Kept>();

  function drop(key: string): StartedSandbox | null {
    const found = kept.get(key);
    if (!found) return null;
    kept.delete(key);
    clearTimeout(found.expiry);
    return found.started;
  }

  return {
    wants: (profile) => kept.size < AT_MOST && !kept.has(keyOf(profile)),

    keep(profile, started) {
      const key = keyOf(profile);
      const expiry = setTimeout(() => end(drop(key)), KEPT_FOR_MS).unref();
      kept.set(key, { started, sources: sourcesOf(profile), expiry });
      // It failed to set itself up, or was killed.
      started.child.once('exit', () => {
        if (kept.get(key)?.started === started) drop(key)?.remove();
      });
    },

    take(profile) {
      const key = keyOf(profile);
      const sources = kept.get(key)?.sources;
      const started = drop(key);
      if (started && sources !== sourcesOf(profile)) {
        end(started);
        return null;
      }
      return started;
    },
  };
}

function keyOf(profile: readonly string[]): string {
  return profile.join('\0');
}

const BINDS = new Set(['--bind', '--ro-bind', '--ro-bind-try']);

/**
 * What stands where a profile mounts from. A mount follows what it was made from and not its path: a workspace that was
 * made anew would not be seen. What is mounted keeps its number, so that nothing else can have it meanwhile.
 */
function sourcesOf(profile: readonly string[]): string {
  return profile
    .flatMap((word, index) => {
      if (!BINDS.has(word)) return [];
      const found = lstatSync(profile[index + 1] ?? '', { bigint: true, throwIfNoEntry: false });
      return [found ? `${found.dev}:${found.ino}` : '-'];
    })
    .join(' ');
}

/** Without its command it ends by itself; nothing of a run has started in it. */
function end(started: StartedSandbox | null): void {
  if (!started) return;
  started.child.once('exit', started.remove);
  for (const stream of started.child.stdio) stream?.destroy();
  if (started.child.pid === undefined) return;
  try {
    process.kill(-started.child.pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}
