import { join } from 'node:path';
import type { Ports } from './ports';
import type { ManagedProcess, ProcessGroup } from './process';
import { type HostEnvironment, type Progress, reportIfSlow } from './programs';
import { searchAttributeTypes } from './search-attributes';
import { findTemporalBinary } from './temporal-binary';
import { isTemporalReady } from './temporal-connection';

export interface TemporalOptions {
  dataDir: string;
  processes: ProcessGroup;
  ports: Ports;
  environment: HostEnvironment;
  progress: Progress;
  /** Throw `port-in-use` when taken. Without them free ones are found. */
  port?: number;
  uiPort?: number;
  /** What the UI asks to decode payloads. */
  codecEndpoint?: string;
  /** `false` keeps everything in memory; for tests. @default true */
  isDurable?: boolean;
  /** Made at the start, beside `default`. */
  namespaces?: readonly string[];
}

export interface Temporal {
  /** `127.0.0.1:port` */
  address: string;
  ui: URL;
  process: ManagedProcess;
}

export const defaultNamespace = 'default';

/**
 * Starts a Temporal development server of our own on 127.0.0.1 with its state in `<dataDir>/temporal.db`, and waits
 * until it takes workflows. Throws `temporal-unavailable`, `port-in-use` or `process-not-ready`.
 */
export async function startTemporal(options: TemporalOptions): Promise<Temporal> {
  const { dataDir, environment, ports, processes, progress } = options;
  const binary = await findTemporalBinary({ environment, progress });
  const port = await ports.choose('temporal', options.port);
  const uiPort = await ports.choose('temporalUi', options.uiPort);
  const address = `127.0.0.1:${port}`;
  const start = processes.start({
    name: 'temporal',
    command: binary.path,
    args: serverArguments(port, uiPort, options),
    // Its home is ours, so that the user's own Temporal profiles do not reach it. A rarer garbage collection saves
    // processor time for some memory.
    environment: { PATH: '/usr/bin:/bin', HOME: dataDir, GOGC: '400' },
    readiness: { kind: 'probe', probe: () => isTemporalReady(address, defaultNamespace) },
  });
  const process = await reportIfSlow(progress, 'starting the Temporal server', start);
  return { address, ui: new URL(`http://127.0.0.1:${uiPort}`), process };
}

function serverArguments(port: number, uiPort: number, options: TemporalOptions): string[] {
  const { dataDir, isDurable = true, namespaces = [], codecEndpoint } = options;
  return [
    'server',
    'start-dev',
    '--ip=127.0.0.1',
    `--port=${port}`,
    `--ui-port=${uiPort}`,
    '--log-level=warn',
    ...(codecEndpoint === undefined ? [] : [`--ui-codec-endpoint=${codecEndpoint}`]),
    ...Object.entries(dynamicConfig).map(([key, value]) => `--dynamic-config-value=${key}=${value}`),
    ...Object.entries(searchAttributeTypes).map(([name, type]) => `--search-attribute=${name}=${type}`),
    ...namespaces.map((namespace) => `--namespace=${namespace}`),
    ...(isDurable ? [`--db-filename=${join(dataDir, 'temporal.db')}`, ...sqlitePragmas] : []),
  ];
}

// The server looks for work at most 20 times a second as it comes; a turn takes several looks. Six times faster so.
const dynamicConfig = {
  'history.transferProcessorMaxPollRPS': '100000',
  'history.timerProcessorMaxPollRPS': '100000',
  'system.enableActivityEagerExecution': 'true',
};

// The write-ahead log with one sync per checkpoint survives a killed process.
const sqlitePragmas = ['--sqlite-pragma=journal_mode=wal', '--sqlite-pragma=synchronous=normal'];
