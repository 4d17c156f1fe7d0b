import { defaultPayloadConverter, type Payload, type PayloadConverter } from '@temporalio/common';

/** Nothing of ours is nested like this; what is nested further cannot even be written again as JSON. */
const MAX_DEPTH = 200;

/**
 * Reads what anybody may send to a run. What cannot be read, or is nested without end, comes as `undefined`, which every
 * handler refuses: an error here would fail the workflow task, and Temporal would try that again for ever.
 */
export const payloadConverter: PayloadConverter = {
  toPayload: (value, context) => defaultPayloadConverter.toPayload(value, context),

  fromPayload<Value>(payload: Payload, context?: Parameters<PayloadConverter['fromPayload']>[1]): Value {
    try {
      const value = defaultPayloadConverter.fromPayload<Value>(payload, context);
      return isDeeper(value, MAX_DEPTH) ? (undefined as Value) : value;
    } catch {
      return undefined as Value;
    }
  },
};

function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return false;
  return depth === 0 || Object.values(value).some((each) => isDeeper(each, depth - 1));
}
