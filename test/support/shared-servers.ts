import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPorts } from '../../src/embedded/ports';
import { startPostgres } from '../../src/embedded/postgres';
import { createProcessGroup } from '../../src/embedded/process';
import { startTemporal } from '../../src/embedded/temporal';
import { findTemporalBinary } from '../../src/embedded/temporal-binary';

/** What test files are told about the servers they share. */
export interface SharedServers {
  /** Of a maintenance database; tests make their own. */
  postgresUrl: string;
  temporalAddress: string;
  temporalUi: string;
}

export interface SharedServersHost {
  /** The Unix socket on which test files ask for the servers. */
  socketPath: string;
  stop(): Promise<void>;
}

/**
 * One PostgreSQL and one Temporal server for a whole run of Jest. They belong to Jest's main process and start when
 * the first test file asks, so that plain unit tests wait for nothing; their reaper ends them even when Jest is killed.
 */
export async function hostSharedServers(): Promise<SharedServersHost> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-test-'));
  const processes = createProcessGroup({ folder });
  // Not in a test, but now: the first build takes minutes, and a test has only one.
  const progress = (line: string) => process.stderr.write(`${line}\n`);
  await findTemporalBinary({ environment: process.env, progress });
  const start = async (): Promise<SharedServers> => {
    const shared = {
      dataDir: folder,
      processes,
      ports: createPorts({ dataDir: folder }),
      environment: process.env,
      progress: () => undefined,
      isDurable: false,
    };
    const { databaseUrl } = await startPostgres(shared);
    const { address, ui } = await startTemporal(shared);
    return { postgresUrl: databaseUrl, temporalAddress: address, temporalUi: ui.href };
  };
  let servers: Promise<SharedServers> | null = null;
  const socketPath = join(folder, 'ask');
  const server = createServer((_request, response) => {
    servers ??= start();
    servers.then(
      (answer) => response.end(JSON.stringify(answer)),
      (error: Error) => response.writeHead(500).end(error.message),
    );
  });
  await listen(server, socketPath);
  return {
    socketPath,
    async stop() {
      server.close();
      await servers?.catch(() => undefined);
      await processes.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function listen(server: Server, socketPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, () => resolve());
    server.unref();
  });
}
