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
  GATEHOUSE_METRICS_LISTEN?: string;
}

export interface WorkerSetup {
  workers: Worker[];
  /** Runs after the workers have drained. */
  close?(): Promise<void>;
}

/** How a worker drains that may go on with its activities so long when it is asked to stop; then they are broken off. */
export function drainLimits(drainMs: number) {
  return { shutdownGraceTime: drainMs, shutdownForceTime: drainMs + 10_000 };
}

/** How a worker drains when asked to stop, and how fast a stop reaches a blocked activity. */
export const WORKER_LIMITS = {
  ...drainLimits(5_000),
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
    installRuntime(config, logger);
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

function installRuntime({ GATEHOUSE_METRICS_LISTEN: listen }: WorkerProcess, logger: Logger): void {
  try {
    Runtime.install({
      logger: new DefaultLogger('WARN', ({ level, message, meta }) =>
        logger[level === 'ERROR' ? 'error' : 'warn']({ ...meta, err: meta?.error }, message),
      ),
      shutdownSignals: ['SIGINT', 'SIGTERM'],
      telemetryOptions: {
        // What the SDK's core says is a line like ours, and not one of its own.
        logging: { forward: {}, filter: { core: 'WARN', other: 'ERROR' } },
        ...(listen ? { metrics: { prometheus: { bindAddress: listen } } } : {}),
      },
    });
  } catch (cause) {
    if (listen === undefined) throw cause;
    throw new GatehouseError(
      'metrics-unavailable',
      `metrics cannot be served at \`${listen}\`; correct \`GATEHOUSE_METRICS_LISTEN\``,
      { cause },
    );
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
