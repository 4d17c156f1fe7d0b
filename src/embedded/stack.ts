import { GatehouseError } from '../domain/errors';
import { openDataDirectory } from './data-directory';
import { checkDatabase } from './database-connection';
import { createPorts, type Ports } from './ports';
import { startPostgres } from './postgres';
import { createProcessGroup, describeExit, type ProcessGroup } from './process';
import { type HostEnvironment, type Progress, reportIfSlow } from './programs';
import { defaultNamespace, startTemporal } from './temporal';
import { checkTemporal, ensureSearchAttributes } from './temporal-connection';

export interface StackOptions {
  /** Made with mode 0700 if missing; everything the servers keep is in it. */
  dataDir: string;
  /** The user's variables: PATH, HOME, XDG_CACHE_HOME, and Go's own for a first build. */
  environment: HostEnvironment;
  progress: Progress;
  /** A Temporal server of the user's own; none is started then. */
  temporalAddress?: string;
  /** A PostgreSQL of the user's own; none is started then. */
  databaseUrl?: string;
  /** Ports asked for; `port-in-use` when taken. Others are found and remembered. */
  askedPorts?: { postgres?: number; temporal?: number; temporalUi?: number };
}

export interface Stack {
  dataDir: string;
  databaseUrl: string;
  temporalAddress: string;
  namespace: string;
  /** `null` with a Temporal server of the user's own. */
  temporalUi: URL | null;
  /** Where a codec server is looked for; none is started here. */
  codec: URL;
  /** For our own processes; they stop before the servers do. */
  processes: ProcessGroup;
  ports: Ports;
  /** Resolves when a server ends without being asked to. */
  failed: Promise<GatehouseError>;
  /** Stops everything in reverse order and frees the data folder. */
  stop(): Promise<void>;
}

/**
 * Brings up PostgreSQL and Temporal, or checks the ones given. Only one stack runs on a data folder; what an earlier
 * one left, killed or not, is continued. Throws a `GatehouseError` and leaves nothing running.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { environment, progress, askedPorts = {} } = options;
  const directory = await openDataDirectory(options.dataDir);
  const processes = createProcessGroup({ folder: directory.path });
  const stop = async () => {
    await processes.stop();
    await directory.release();
  };
  try {
    await reportIfSlow(
      progress,
      'waiting for the servers of an earlier start to end',
      processes.endLeftovers(),
    );
    const ports = createPorts({ dataDir: directory.path });
    const shared = { dataDir: directory.path, processes, ports, environment, progress };
    const failed = new Promise<GatehouseError>((resolve) => {
      processes.onUnexpectedExit((exit) => resolve(new GatehouseError('server-ended', describeExit(exit))));
    });
    // One after the other: a failure of the first leaves nothing half-started to wait for.
    const databaseUrl = await findDatabase(options, () =>
      startPostgres({ ...shared, port: askedPorts.postgres }),
    );
    const codec = new URL(`http://127.0.0.1:${await ports.choose('codec')}`);
    const temporal = await findTemporal(options, () =>
      startTemporal({
        ...shared,
        port: askedPorts.temporal,
        uiPort: askedPorts.temporalUi,
        codecEndpoint: codec.origin,
      }),
    );
    return {
      dataDir: directory.path,
      databaseUrl,
      ...temporal,
      codec,
      namespace: defaultNamespace,
      processes,
      ports,
      failed,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function findDatabase(
  { databaseUrl, progress }: StackOptions,
  start: () => Promise<{ databaseUrl: string }>,
): Promise<string> {
  if (databaseUrl === undefined) return (await start()).databaseUrl;
  await reportIfSlow(progress, 'waiting for the database', checkDatabase(databaseUrl));
  return databaseUrl;
}

async function findTemporal(
  { temporalAddress, progress }: StackOptions,
  start: () => Promise<{ address: string; ui: URL }>,
): Promise<{ temporalAddress: string; temporalUi: URL | null }> {
  if (temporalAddress === undefined) {
    const { address, ui } = await start();
    return { temporalAddress: address, temporalUi: ui };
  }
  await reportIfSlow(
    progress,
    'waiting for the Temporal server',
    checkTemporal(temporalAddress, defaultNamespace),
  );
  await ensureSearchAttributes(temporalAddress, defaultNamespace);
  return { temporalAddress, temporalUi: null };
}
