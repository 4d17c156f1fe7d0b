import { MAX_CALLS_PER_TURN, MAX_REPLY_BYTES } from '../domain/turn-limits';
import { ModelReplyTooLargeError } from './errors';
import type { ModelReply } from './provider';

/**
 * Holds a reply to what a turn may be. Calls past the limit are dropped from the end, which keeps the order of the
 * others, and the text says so: the model can make them again.
 *
 * @throws ModelReplyTooLargeError
 */
export function limitReply(reply: ModelReply): ModelReply {
  const dropped = reply.calls.length - MAX_CALLS_PER_TURN;
  const calls = reply.calls.slice(0, MAX_CALLS_PER_TURN);
  const note = `[Gatehouse: ${dropped} more calls were dropped, a turn has at most ${MAX_CALLS_PER_TURN}]`;
  const text = dropped > 0 ? `${reply.text}\n${note}`.trimStart() : reply.text;
  const bytes = calls.reduce(
    (sum, call) => sum + Buffer.byteLength(call.tool) + Buffer.byteLength(call.args),
    Buffer.byteLength(text),
  );
  if (bytes > MAX_REPLY_BYTES) throw new ModelReplyTooLargeError(bytes, MAX_REPLY_BYTES);
  return { ...reply, text, calls };
}
