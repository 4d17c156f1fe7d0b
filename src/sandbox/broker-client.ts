import type { Redeemed } from '../broker/broker';
import {
  type BrokerAddress,
  ISSUE_PATH,
  REDEEM_PATH,
  RELEASE_PATH,
  type TlsFiles,
} from '../broker/broker-address';
import { type Answer, exchange } from '../broker/exchange';
import type { SigningKey } from '../broker/keys';
import type { CanonicalCall } from '../domain/call';
import type { IssuedCredential } from '../domain/credential';
import { GatehouseError } from '../domain/errors';
import { PROOF_HEADER, proofOf } from './channel-proof';
import { reaching } from './endpoint';

/** The sandbox host's way to the credential broker, which is its configuration and no input's. */
export interface BrokerClient {
  /** @throws GatehouseError `broker-unavailable`, else the broker's own codes */
  issue(request: { grant: string; call: CanonicalCall }, signal: AbortSignal): Promise<IssuedCredential>;
  /** What the run of this grant holds. @throws GatehouseError as {@link issue} */
  redeem(request: { grant: string }, signal: AbortSignal): Promise<Redeemed>;
  /** What was issued for the calls of this grant alone is over. @throws GatehouseError as {@link issue} */
  release(request: { grant: string }, signal: AbortSignal): Promise<void>;
}

export interface BrokerClientOptions {
  address: BrokerAddress;
  tls?: TlsFiles;
  /** Of the host; grants are bound to it. */
  key: SigningKey;
}

/** Longer than the broker gives a provider, in milliseconds. */
const TIMEOUT_MS = 20_000;
const MAX_ANSWER_BYTES = 1024 * 1024;

export function createBrokerClient({ address, tls, key }: BrokerClientOptions): BrokerClient {
  const where = reaching(
    address,
    tls,
    new GatehouseError(
      'broker-tls-missing',
      'the broker is reached by `https` and needs `GATEHOUSE_BROKER_TLS_CERT`, `_KEY` and `_CA`',
    ),
  );

  async function ask<Content>(path: string, request: object, signal: AbortSignal): Promise<Content> {
    const body = Buffer.from(JSON.stringify(request));
    const headers = {
      'content-type': 'application/json',
      'content-length': body.length,
      [PROOF_HEADER]: proofOf({ method: 'POST', path, body }, key),
    };
    const limited = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    let answer: Answer;
    try {
      answer = await exchange(
        { ...where, path, method: 'POST', headers, signal: limited },
        body,
        MAX_ANSWER_BYTES,
      );
    } catch (cause) {
      signal.throwIfAborted();
      throw unavailable('cannot be reached', cause);
    }
    return read<Content>(answer);
  }

  return {
    issue: (request, signal) => ask(ISSUE_PATH, request, signal),
    redeem: (request, signal) => ask(REDEEM_PATH, request, signal),
    async release(request, signal) {
      await ask(RELEASE_PATH, request, signal);
    },
  };
}

/** INVARIANT: an answer is in no error's text and no cause: it may hold secrets. */
function read<Content>({ status, text }: Answer): Content {
  let answer: Content & { error?: { code?: unknown; message?: unknown } };
  try {
    answer = JSON.parse(text);
  } catch {
    throw unavailable(`gave an answer that cannot be read (HTTP ${status})`);
  }
  if (status === 200) return answer;
  const { code, message } = answer.error ?? {};
  if (typeof code === 'string' && typeof message === 'string' && code !== 'internal')
    throw new GatehouseError(code, message);
  throw unavailable(`gave an unexpected answer (HTTP ${status})`);
}

function unavailable(what: string, cause?: unknown): GatehouseError {
  return new GatehouseError('broker-unavailable', `the credential broker ${what}`, { cause });
}
