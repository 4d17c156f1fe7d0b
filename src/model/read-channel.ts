import type { CallOutcome, CanonicalCall } from '../domain/call';
import { GatehouseError } from '../domain/errors';
import type { GrantedReads } from '../domain/steps';

/** The runner's way to a sandbox host, which executes granted reads and nothing else. */
export interface ReadChannel {
  /**
   * @returns one outcome for each call, in order
   * @throws GatehouseError `channel-unavailable`, `grant-expired` and other refusals of the grant
   */
  read(
    request: { grant: string; pass?: string; calls: CanonicalCall[] },
    signal: AbortSignal,
  ): Promise<CallOutcome[]>;
}

/** The channel to a host, or undefined when the runner's own configuration names none: workflow input is not believed. */
export type ReadChannels = (host: string) => ReadChannel | undefined;

/**
 * Has a turn's reads executed.
 *
 * @throws GatehouseError as {@link ReadChannel}, `channel-answer-wrong` when an outcome is missing
 */
export async function readOver(
  channels: ReadChannels,
  reads: GrantedReads | null,
  signal: AbortSignal,
): Promise<CallOutcome[]> {
  if (!reads) return [];
  const { grant, pass, host, calls } = reads;
  const channel = channels(host);
  if (!channel)
    throw new GatehouseError(
      'channel-unavailable',
      `the runner has no channel to sandbox host \`${host}\`; configure it, or reads run as activities`,
    );
  const outcomes = await channel.read({ grant, pass, calls }, signal);
  if (outcomes.length !== calls.length || outcomes.some(({ callId }, index) => callId !== calls[index]?.id))
    throw new GatehouseError(
      'channel-answer-wrong',
      `sandbox host \`${host}\` answered other calls than it was asked`,
    );
  return outcomes;
}
