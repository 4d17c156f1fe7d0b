import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loadOrMakeKey } from '../../src/broker/keys';
import type { Harness } from './run-harness';
import { waitUntil } from './wait-until';

/**
 * A sandbox host with a process, a key and folders of its own; artifacts it reaches as the harness's workers do, and the
 * forge is the harness's.
 */
export interface SandboxHost {
  name: string;
  publicKey: string;
  socket: string;
  workspaces: string;
  /** Starts its worker, and waits until that polls. */
  start(): Promise<void>;
  /** Ends it as a deployment does, once what runs has ended. */
  drain(): Promise<void>;
  /** Ends it as a power cut does. */
  kill(): Promise<void>;
  /** The same, as soon as there is a file at a path. */
  killOnce(path: string): Promise<void>;
}

export function sandboxHost(
  gatehouse: Harness,
  name: string,
  /** More of its environment. */
  environment: Record<string, string> = {},
): SandboxHost {
  const folder = join(gatehouse.folder, name);
  const keys = join(folder, 'keys');
  const socket = join(gatehouse.folder, `${name}.sock`);
  const workspaces = join(folder, 'workspaces');
  mkdirSync(workspaces, { recursive: true });
  loadOrMakeKey(keys, 'sandbox');
  let child: ChildProcess | null = null;

  const host: SandboxHost = {
    name,
    publicKey: join(keys, 'sandbox.public.jwk'),
    socket,
    workspaces,

    async start() {
      const shared = join(gatehouse.folder, 'keys');
      const started = spawn(
        process.execPath,
        ['--require', require.resolve('tsx/cjs'), join(__dirname, '../../src/workers/sandbox.ts')],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
          env: {
            PATH: process.env.PATH,
            TEMPORAL_ADDRESS: gatehouse.temporalAddress,
            TEMPORAL_NAMESPACE: gatehouse.namespace,
            GATEHOUSE_ARTIFACT_ENDPOINT: `unix:${join(gatehouse.folder, 'artifacts.sock')}`,
            GATEHOUSE_HOST: name,
            GATEHOUSE_SANDBOX_KEY: join(keys, 'sandbox.jwk'),
            GATEHOUSE_GRANT_PUBLIC_KEYS: join(shared, 'grant.public.jwk'),
            GATEHOUSE_RUNNER_PUBLIC_KEY: join(shared, 'runner.public.jwk'),
            GATEHOUSE_WORKSPACES: workspaces,
            GATEHOUSE_FORGE: join(gatehouse.folder, 'forge'),
            GATEHOUSE_CHANNEL_SOCKET: socket,
            GATEHOUSE_LOG: 'silent',
            ...environment,
          },
        },
      );
      child = started;
      let said = '';
      started.stdout.on('data', (chunk) => {
        said += chunk;
      });
      await waitUntil(async () => said.includes('gatehouse-sandbox is ready'), `host ${name} polls`, 60_000);
    },

    async killOnce(path) {
      // By a program of its own: this process is busy with the other workers, and the host is soon done.
      const script = 'while [ ! -e "$1" ]; do sleep 0.002; done; kill -9 "$2"';
      await promisify(execFile)('/bin/sh', ['-c', script, 'sh', path, String(child?.pid)], {
        timeout: 60_000,
      });
      await host.kill();
    },

    drain: () => endBy('SIGTERM'),
    kill: () => endBy('SIGKILL'),
  };

  async function endBy(signal: NodeJS.Signals): Promise<void> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child?.once('exit', resolve));
    child.kill(signal);
    await ended;
  }
  return host;
}
