import { readFile, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { GatehouseError } from '../domain/errors';

/** What a port is for; the name it is remembered under. */
export type PortName = 'postgres' | 'temporal' | 'temporalUi' | 'codec' | 'api' | 'console';

export interface Ports {
  /**
   * A free port on 127.0.0.1: the one asked for, else the one used last time, else any. The choice is remembered in
   * the data folder, so that an address a person noted stays valid. Throws `port-in-use` for a port asked for.
   */
  choose(name: PortName, asked?: number): Promise<number>;
}

export function createPorts({ dataDir }: { dataDir: string }): Ports {
  const file = join(dataDir, 'ports.json');
  return {
    async choose(name, asked) {
      const remembered = await readPorts(file);
      const port = await pick(name, asked, remembered[name], Object.values(remembered));
      if (port !== remembered[name]) {
        await writeFile(`${file}.new`, `${JSON.stringify({ ...remembered, [name]: port })}\n`, {
          mode: 0o600,
        });
        await rename(`${file}.new`, file);
      }
      return port;
    },
  };
}

export async function isPortFree(port: number): Promise<boolean> {
  return (await listenOnce(port)) !== null;
}

async function pick(
  name: PortName,
  asked: number | undefined,
  last: number | undefined,
  taken: number[],
): Promise<number> {
  if (asked !== undefined) {
    if (await isPortFree(asked)) return asked;
    throw new GatehouseError(
      'port-in-use',
      `port \`${asked}\` for \`${name}\` is in use: stop what listens there or choose another port`,
    );
  }
  if (last !== undefined && (await isPortFree(last))) return last;
  for (;;) {
    const port = await listenOnce(0);
    if (port !== null && !taken.includes(port)) return port;
  }
}

// The file is a convenience: when it is damaged, new ports are chosen.
async function readPorts(file: string): Promise<Partial<Record<PortName, number>>> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'));
    return Object.fromEntries(
      Object.entries(value as object).filter(
        ([, port]) => Number.isInteger(port) && port > 0 && port < 65_536,
      ),
    );
  } catch {
    return {};
  }
}

function listenOnce(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      const chosen = typeof address === 'object' && address !== null ? address.port : port;
      server.close(() => resolve(chosen));
    });
  });
}
