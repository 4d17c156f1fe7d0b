import { Agent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { type Answer, exchange, StaleConnectionError } from '../broker/exchange';
import type { SigningKey } from '../broker/keys';
import type { CallOutcome, CanonicalCall } from '../domain/call';
import { GatehouseError } from '../domain/errors';
import { PROOF_HEADER, proofOf } from './channel-proof';
import { clientTls, type MutualTls } from './mutual-tls';

/** Path of the one request of the channel, and what it carries. */
export const READS_PATH = '/v1/reads';
export interface ReadsRequest {
  grant: string;
  /** Of the host, to the run's artifacts. */
  pass?: string;
  calls: CanonicalCall[];
}

/** The runner's way to have granted reads executed on a sandbox host. */
export interface ChannelClient {
  /**
   * Outcomes of the reads, in order.
   *
   * @throws GatehouseError `channel-unavailable` when the host cannot be reached, else the host's own codes
   */
  read(reads: ReadsRequest, signal: AbortSignal): Promise<CallOutcome[]>;
  close(): void;
}

/** Where a sandbox host is reached: by its socket on this machine, else by mutual TLS. */
export type ChannelAddress = { socketPath: string } | { url: URL; tls: MutualTls };

export type ChannelClientOptions = ChannelAddress & { runnerKey: SigningKey };

/** A client of the channel, whose address is the runner's configuration and no input's. */
export function createChannelClient({ runnerKey, ...address }: ChannelClientOptions): ChannelClient {
  const { agent, ...target } = targetOf(address);
  return {
    async read(reads, signal) {
      signal.throwIfAborted();
      const body = Buffer.from(JSON.stringify({ grant: reads.grant, pass: reads.pass, calls: reads.calls }));
      const send = () => {
        const proof = proofOf({ method: 'POST', path: READS_PATH, body }, runnerKey);
        const headers = {
          'content-type': 'application/json',
          'content-length': body.length,
          [PROOF_HEADER]: proof,
        };
        const options = { ...target, path: READS_PATH, method: 'POST', agent, headers, signal };
        return exchange(options, body, MAX_ANSWER_BYTES);
      };
      let answer: Answer;
      try {
        // A kept connection may be closed by the host just as it is used again: that is no failure of the host.
        answer = await send().catch((error) => {
          if (error instanceof StaleConnectionError) return send();
          throw error;
        });
      } catch (cause) {
        signal.throwIfAborted();
        throw unavailable('cannot be reached', cause);
      }
      return outcomesOf(answer, reads.calls);
    },
    close: () => agent.destroy(),
  };
}

const CONNECTIONS = { keepAlive: true, maxSockets: 32 };

function targetOf(address: ChannelAddress) {
  if ('socketPath' in address)
    return { socketPath: address.socketPath, protocol: 'http:', agent: new Agent(CONNECTIONS) };
  const { url, tls } = address;
  const agent = new TlsAgent({ ...CONNECTIONS, ...clientTls(tls) });
  return { host: url.hostname, port: url.port || 443, protocol: 'https:', agent };
}

const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

function outcomesOf({ status, text }: Answer, calls: CanonicalCall[]): CallOutcome[] {
  let answer: { outcomes?: CallOutcome[]; error?: { code?: unknown; message?: unknown } };
  try {
    answer = JSON.parse(text);
  } catch (cause) {
    throw unavailable('gave an answer that cannot be read', cause);
  }
  if (status === 200 && isFor(answer.outcomes, calls)) return answer.outcomes;
  const { code, message } = answer.error ?? {};
  if (status !== 200 && typeof code === 'string' && typeof message === 'string')
    throw new GatehouseError(code, message);
  throw unavailable(`gave an unexpected answer (HTTP ${status})`);
}

function isFor(outcomes: CallOutcome[] | undefined, calls: CanonicalCall[]): outcomes is CallOutcome[] {
  return (
    Array.isArray(outcomes) &&
    outcomes.length === calls.length &&
    outcomes.every(
      (outcome, index) => outcome?.callId === calls[index]?.id && typeof outcome.text === 'string',
    )
  );
}

function unavailable(what: string, cause?: unknown): GatehouseError {
  return new GatehouseError('channel-unavailable', `the sandbox host's channel ${what}`, { cause });
}
