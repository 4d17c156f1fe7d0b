import type { DataConverter } from '@temporalio/common';
import { createPayloadCodec } from './payload-codec';
import { readPayloadKeys } from './payload-keys';

/**
 * What a Temporal client or worker needs so that nothing it says stands in a history in clear.
 *
 * @param keyFile without one nothing is encrypted, and nothing encrypted can be read
 * @throws GatehouseError `payload-keys-unreadable`, `payload-keys-exposed`
 */
export function dataConverterOf(keyFile: string | undefined): DataConverter | undefined {
  if (keyFile === undefined) return undefined;
  return {
    payloadCodecs: [createPayloadCodec(readPayloadKeys(keyFile))],
    failureConverterPath: require.resolve('./failure-converter'),
  };
}
