import { type ChildProcess, spawn } from 'node:child_process';
import { codecProcess } from '../../src/embedded/codec-process';
import { createPorts } from '../../src/embedded/ports';

export interface CodecServer {
  /** `http://127.0.0.1:PORT` */
  origin: string;
  process: ChildProcess;
  /** What it wrote to standard error. */
  complaints(): string;
  close(): Promise<void>;
}

/** The codec server as a process of its own, as `up` starts it. */
export async function startCodecServer({
  folder,
  payloadKeys,
  api,
  temporalUi,
}: {
  folder: string;
  payloadKeys: string;
  api: URL;
  temporalUi: URL;
}): Promise<CodecServer> {
  const address = new URL(`http://127.0.0.1:${await createPorts({ dataDir: folder }).choose('codec')}`);
  const description = codecProcess({
    ...{ address, temporalUi, payloadKeys, api },
    path: process.env.PATH ?? '/usr/bin:/bin',
    log: 'info',
  });
  const child = spawn(description.command, description.args, {
    cwd: description.workingDirectory,
    env: description.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (bytes) => {
    said += bytes;
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (bytes) => String(bytes).includes('is ready') && resolve());
    child.once('exit', () => reject(new Error(`the codec server ended: ${said}`)));
  });
  return {
    origin: address.origin,
    process: child,
    complaints: () => said,
    async close() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
