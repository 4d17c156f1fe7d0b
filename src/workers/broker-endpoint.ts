import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Broker } from '../broker/broker';
import {
  type BrokerAddress,
  ISSUE_PATH,
  REDEEM_PATH,
  RELEASE_PATH,
  type TlsFiles,
} from '../broker/broker-address';
import { GatehouseError, publicMessage } from '../domain/errors';
import { createProofChecker, PROOF_HEADER } from '../sandbox/channel-proof';
import { type Endpoint, startEndpoint } from '../sandbox/endpoint';
import { bodyOf, sendJson } from '../sandbox/listening';

export interface BrokerEndpointOptions {
  address: BrokerAddress;
  /** For `https`: who asks must show a certificate too. */
  tls?: TlsFiles;
  broker: Pick<Broker, 'issue' | 'redeem' | 'release'>;
  now?(): number;
  log(message: string, cause: unknown): void;
}

export type BrokerEndpoint = Endpoint;

/** A grant and a call with its arguments. */
const MAX_BODY_BYTES = 256 * 1024;

/**
 * Listens for sandbox hosts that ask for credentials. Each request proves, once, the key that its grant is bound to; what
 * is answered passes neither Temporal nor any log.
 *
 * @throws GatehouseError `broker-in-use`, `broker-tls-missing`
 */
export async function startBrokerEndpoint(options: BrokerEndpointOptions): Promise<Endpoint> {
  const { address, tls } = options;
  return startEndpoint({
    ...{ address, tls, handler: handlerOf(options) },
    inUse: new GatehouseError(
      'broker-in-use',
      "another control worker answers on the broker's socket; stop it first",
    ),
    tlsMissing: new GatehouseError(
      'broker-tls-missing',
      'the broker listens by `https` and needs `GATEHOUSE_BROKER_TLS_CERT`, `_KEY` and `_CA`',
    ),
  });
}

const grant = z.string().max(64 * 1024);
const shapes = {
  [ISSUE_PATH]: z.strictObject({
    grant,
    call: z.strictObject({ id: z.string(), tool: z.string(), args: z.string() }),
  }),
  [REDEEM_PATH]: z.strictObject({ grant }),
  [RELEASE_PATH]: z.strictObject({ grant }),
};

const PATHS = Object.keys(shapes)
  .map((path) => `\`${path}\``)
  .join(', ');

function isPath(path: string | undefined): path is keyof typeof shapes {
  return path !== undefined && Object.hasOwn(shapes, path);
}

/** An answer may hold secrets. */
const UNKEPT = { 'cache-control': 'no-store' };

function handlerOf({ broker, now, log }: BrokerEndpointOptions) {
  const check = createProofChecker(now);

  async function answer(request: IncomingMessage): Promise<unknown> {
    const path = request.url;
    if (request.method !== 'POST' || !isPath(path))
      throw new GatehouseError('not-found', `the broker knows \`POST\` to ${PATHS} only`);
    const body = await bodyOf(request, MAX_BODY_BYTES, 'a request to the broker');
    const proof = request.headers[PROOF_HEADER];
    const presenter = check(typeof proof === 'string' ? proof : undefined, { method: 'POST', path, body });
    switch (path) {
      case ISSUE_PATH:
        return broker.issue({ ...parsed(shapes[path], body), presenter });
      case REDEEM_PATH:
        return broker.redeem({ ...parsed(shapes[path], body), presenter });
      case RELEASE_PATH:
        await broker.release({ ...parsed(shapes[path], body), presenter });
        return {};
      default:
        return path satisfies never;
    }
  }

  return (request: IncomingMessage, response: ServerResponse) => {
    answer(request).then(
      (result) => sendJson(response, 200, result, UNKEPT),
      (error) => {
        if (!(error instanceof GatehouseError)) log('a request to the broker failed', error);
        const code = error instanceof GatehouseError ? error.code : 'internal';
        sendJson(response, statusOf(code), { error: { code, message: publicMessage(error) } }, UNKEPT);
      },
    );
  };
}

function parsed<Shape extends z.ZodType>(shape: Shape, body: Buffer): z.infer<Shape> {
  try {
    return shape.parse(JSON.parse(body.toString('utf8')));
  } catch (cause) {
    throw new GatehouseError('request-malformed', 'the request to the broker cannot be read', { cause });
  }
}

function statusOf(code: string): number {
  if (code === 'proof-invalid' || code === 'key-unreadable') return 401;
  if (code.startsWith('grant-') || code.startsWith('credential-') || code === 'presenter-unknown') return 403;
  if (code === 'not-found') return 404;
  if (code === 'request-too-large') return 413;
  return code === 'request-malformed' ? 400 : 500;
}
