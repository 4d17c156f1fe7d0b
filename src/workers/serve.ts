import { hostname } from 'node:os';
import { DefaultLogger, NativeConnection, Runtime, type Worker } from '@temporalio/worker';
import type { Logger } from 'pino';
import { GatehouseError } from '../domain/errors';
import { openLog } from '../log/open-log';
import { keepAliveFile } from './alive-file';

/** What every worker process needs to know. */
interface WorkerProcess {
  TEMPORAL_ADDRESS: string;
  GATEHOUSE_LOG: string;
  GATEHOUSE_ALIVE_FILE?: string;
}

export interface WorkerSetup {
  workers: Worker[];
  /** Runs after the workers have drained. */
  close?(): Promise<void>;
}

/** How a worker drains when asked to stop, and how fast a stop reaches a blocked activity. */
export const WORKER_LIMITS = {
  shutdownGraceTime: '5s',
  shutdownForceTime: '15s',
  maxHeartbeatThrottleInterval: '1s',
  defaultHeartbeatThrottleInterval: '1s',
} as const;

/** How a worker names itself in Temporal's histories and UI. */
export function workerIdentity(plane: string): string {
  return `gatehouse-${plane} ${process.pid}@${hostname()}`;
}

/**
 * Runs a worker process: connects to Temporal, says `gatehouse-NAME is ready` when it polls, drains on SIGINT and
 * SIGTERM. A mistake in the environment is one line and exit code 1.
 *
 * @param read the process's configuration; its errors name variables, never values
 */
export function serve<Config extends WorkerProcess>(
  name: string,
  read: () => Config,
  setUp: (config: Config, connection: NativeConnection, logger: Logger) => Promise<WorkerSetup>,
): void {
  main().catch((error) => {
    process.stderr.write(`gatehouse-${name}: ${describe(error)}\n`);
    process.exit(1);
  });

  async function main(): Promise<void> {
    const config = read();
    const logger = openLog(`gatehouse-${name}`, config.GATEHOUSE_LOG);
    Runtime.install({
      logger: new DefaultLogger('WARN', ({ level, message, meta }) =>
        logger[level === 'ERROR' ? 'error' : 'warn']({ ...meta, err: meta?.error }, message),
      ),
      shutdownSignals: ['SIGINT', 'SIGTERM'],
    });
    const connection = await connect(config.TEMPORAL_ADDRESS);
    const { workers, close } = await setUp(config, connection, logger);
    const running = Promise.all(workers.map((worker) => worker.run()));
    const endAliveFile = config.GATEHOUSE_ALIVE_FILE && keepAliveFile(config.GATEHOUSE_ALIVE_FILE, workers);
    process.stdout.write(`gatehouse-${name} is ready\n`);
    await running;
    if (endAliveFile) endAliveFile();
    await close?.();
    await connection.close();
  }
}

async function connect(address: string): Promise<NativeConnection> {
  try {
    return await NativeConnection.connect({ address });
  } catch (cause) {
    throw new GatehouseError(
      'temporal-unreachable',
      `Temporal does not answer at \`${address}\`; start it or correct \`TEMPORAL_ADDRESS\``,
      { cause },
    );
  }
}

function describe(error: unknown): string {
  if (error instanceof GatehouseError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
