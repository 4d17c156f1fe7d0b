import { accessSync, constants } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { GatehouseError } from '../domain/errors';
import type { SandboxCommand } from '../tools/tool';
import { type ProcessResult, seeThrough } from './confined-process';
import { type ControlGroup, findControlGroups } from './control-group';
import { type Egress, type EgressOptions, openEgress } from './egress';
import { DEFAULT_LIMITS, hitByProcess, processLimits, type SandboxLimits } from './limits';
import type { Confinement, OsSandbox } from './os-sandbox';
import { INSIDE, PROXY_PORT, type ProfileHost, profileOf, reachesNetwork } from './profile';
import { seccompFilter } from './seccomp';
import { createStandby, FILE_DESCRIPTOR, type Standby } from './standby';
import { readSystemLayout } from './system-layout';

export interface BubblewrapOptions {
  /** Folders in which bubblewrap and its helpers are looked up. @default the system's */
  path?: readonly string[];
  /** Folders of ours to cover where they lie in a system folder: data, checkout. */
  hidden?: readonly string[];
  /** @default DEFAULT_LIMITS */
  limits?: SandboxLimits;
  /** Gives the addresses of the hosts that commands reach. @default the system's */
  resolve?: EgressOptions['resolve'];
  /** Internal causes of what programs are told in public words. */
  log?: EgressOptions['log'];
}

const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_OUTPUT_BYTES = 1024 * 1024;
/** The exit code of what SIGKILL ended, as shells tell it. */
const KILLED = 137;

/** The OS sandbox on Linux: bubblewrap with mounts, namespaces and limits of our own choosing. */
export function createBubblewrapSandbox(options: BubblewrapOptions = {}): OsSandbox {
  const path = options.path ?? SYSTEM_PATH;
  const limits = options.limits ?? DEFAULT_LIMITS;
  const makeGroup = findControlGroups(limits, { log: options.log });
  let ready: Promise<Ready> | null = null;

  async function prepared() {
    ready ??= probe(path, options.hidden ?? [], makeGroup);
    try {
      return await ready;
    } catch (error) {
      // Asked again next time: somebody may install it meanwhile.
      ready = null;
      throw error;
    }
  }

  return {
    async check() {
      await prepared();
    },

    async run(command, confinement, signal) {
      const { standby, host } = await prepared();
      signal?.throwIfAborted();
      const egress = await egressFor(confinement, path, options);
      const timeoutMs = command.timeoutMs ?? DEFAULT_TIMEOUT_MS;
      const cpuSeconds = Math.ceil(timeoutMs / 1000) * availableParallelism();
      const { child, hits, remove } = standby.start({
        ...argumentsOf(command, confinement, host, egress),
        limits: processLimits(limits, cpuSeconds),
        file: confinement.surroundings?.file?.text,
        // The proxy and secrets are those of one call.
        isRepeatable: !egress && !confinement.surroundings,
      });
      try {
        const result = await seeThrough({
          child,
          stdin: command.stdin,
          timeoutMs,
          clock: confinement.questions?.clock,
          maxOutputBytes: command.maxOutputBytes ?? DEFAULT_OUTPUT_BYTES,
          signal,
        });
        const hit = [
          ...(result.killed === 'timeout' ? [{ kind: 'time' as const, most: timeoutMs / 1000 }] : []),
          ...hits(),
          ...hitByProcess(result, limits, cpuSeconds),
        ];
        // Out of memory, the kernel may end bubblewrap before it tells anything.
        if (!result.killed && !hasStarted(result) && hit.length === 0) throw unavailable(result.stderr);
        const { status: _status, ...commandResult } = result;
        // So is told what was killed inside; here it was bubblewrap with it.
        const exitCode = result.killed ? null : (result.exitCode ?? KILLED);
        return { ...commandResult, exitCode, ...(hit.length > 0 && { hit }) };
      } finally {
        remove();
        await egress?.close();
      }
    },
  };
}

const SYSTEM_PATH = INSIDE.path.split(':');

function argumentsOf(
  command: SandboxCommand,
  { effect, workspace, hasGit, forge, binds, questions, surroundings }: Confinement,
  host: ProfileHost,
  egress: Egress | null,
): { profile: string[]; argv: readonly string[] } {
  const { writesGit, reachesForge, cwd, env } = command;
  const profile = profileOf(
    {
      ...{ effect, workspace, hasGit, forge, binds, writesGit, reachesForge, cwd, env },
      egress: egress?.socket,
      trust: egress?.trust,
      questions: questions?.socket,
      surroundings: surroundings && {
        env: surroundings.env,
        file: surroundings.file && { path: surroundings.file.path, descriptor: FILE_DESCRIPTOR },
      },
    },
    host,
  );
  return { profile, argv: egress ? bridged(command.argv) : command.argv };
}

/** Leads a port inside to the proxy's socket, and starts the command once it answers. */
function bridged(argv: readonly string[]): string[] {
  const port = PROXY_PORT.toString(16).toUpperCase().padStart(4, '0');
  const script = `socat TCP-LISTEN:${PROXY_PORT},bind=127.0.0.1,fork,reuseaddr UNIX-CONNECT:${INSIDE.egress} </dev/null >/dev/null 2>&1 &
for ((tries = 0; tries < 1000; tries++)); do
  [[ $(</proc/net/tcp) == *':${port} 00000000:0000 0A'* ]] && exec "$@"
  sleep 0.002
done
echo 'the network bridge did not start' >&2
exit 70`;
  return ['/bin/bash', '-c', script, 'bash', ...argv];
}

async function egressFor(
  confinement: Confinement,
  path: readonly string[],
  { resolve, log }: BubblewrapOptions,
): Promise<Egress | null> {
  const { effect, network = [], credentials, onRefusedHost } = confinement;
  if (!reachesNetwork(effect) || network.length === 0) return null;
  if (!programIn(path, 'socat'))
    throw unavailable('', 'the sandbox needs the program `socat` to reach the network; install it');
  return openEgress({ hosts: network, onRefused: onRefusedHost, credentials, log, resolve });
}

/** bubblewrap tells the exit code of what it started; when it could not start anything, it does not. */
function hasStarted({ status }: ProcessResult): boolean {
  return status.includes('"exit-code"');
}

interface Ready {
  standby: Standby;
  host: ProfileHost;
}

async function probe(
  path: readonly string[],
  hidden: readonly string[],
  makeGroup: (() => ControlGroup) | null,
): Promise<Ready> {
  const bwrap = programIn(path, 'bwrap');
  if (!bwrap) throw unavailable('', 'the sandbox needs the program `bwrap`; install bubblewrap');
  const filter = seccompFilter();
  if (!filter)
    throw unavailable('', `the sandbox has no filter of system calls for ${process.arch} processors`);
  const standby = createStandby({ bwrap, filter, makeGroup });
  const layout = { system: readSystemLayout(hidden), etc: join(__dirname, 'etc') };
  let reason = '';
  // Without a user namespace only root can; its capabilities are dropped even so.
  for (const userNamespace of ['closed', 'open', 'none'] as const) {
    const host: ProfileHost = { ...layout, userNamespace };
    const trial = argumentsOf({ argv: ['true'] }, { effect: 'read', workspace: null }, host, null);
    const { child, remove } = standby.start({ ...trial, limits: processLimits(DEFAULT_LIMITS, 10) });
    const result = await seeThrough({ child, timeoutMs: 10_000, maxOutputBytes: 10_000 })
      .catch((cause) => {
        throw unavailable(cause);
      })
      .finally(remove);
    if (hasStarted(result) && result.exitCode === 0) return { standby, host };
    reason = result.stderr;
  }
  throw unavailable(reason);
}

function programIn(path: readonly string[], name: string): string | null {
  for (const folder of path) {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return join(folder, name);
    } catch {}
  }
  return null;
}

function unavailable(
  cause: unknown,
  message = 'the sandbox cannot start programs on this machine; run `gatehouse doctor` there',
): GatehouseError {
  return new GatehouseError('sandbox-unavailable', message, { cause });
}
