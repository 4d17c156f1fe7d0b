import { join } from 'node:path';
import type { ProcessDescription } from './process';

export interface CodecSettings {
  /** On the loopback. */
  address: URL;
  /** `null` where the user's own server has its UI elsewhere. */
  temporalUi: URL | null;
  payloadKeys: string;
  /** Of the API on the loopback, with the console whose login counts. */
  api: URL;
  path: string;
  log: string;
}

const ROOT = join(__dirname, '../..');

/** The codec server as a process: payload keys, and neither Temporal nor the database; it asks the API who may read. */
export function codecProcess(settings: CodecSettings): ProcessDescription {
  const { address, temporalUi, payloadKeys, api, path, log } = settings;
  return {
    name: 'gatehouse-codec',
    command: process.execPath,
    args: ['--require', require.resolve('tsx/cjs'), join(ROOT, 'src/workers/codec.ts')],
    workingDirectory: ROOT,
    environment: {
      PATH: path,
      GATEHOUSE_LOG: log,
      GATEHOUSE_PAYLOAD_KEYS: payloadKeys,
      GATEHOUSE_CODEC_PORT: address.port,
      GATEHOUSE_CODEC_API: api.origin,
      GATEHOUSE_PUBLIC_URL: api.origin,
      ...(temporalUi ? { GATEHOUSE_TEMPORAL_UI: temporalUi.origin } : {}),
    },
    readiness: { kind: 'line', line: 'gatehouse-codec is ready' },
    readyWithinMs: 60_000,
  };
}
