import { z } from 'zod';
import { GatehouseError } from '../domain/errors';

/** Where the API says who may read what. */
export const DECODING_PATH = '/internal/decoding';
/** Carries a session of the console from the codec server to the API. */
export const SESSION_HEADER = 'gatehouse-session';

/** What somebody shows of themselves. */
export type Shown = { kind: 'bearer'; token: string } | { kind: 'session'; token: string };

/** What they want decoded: payloads of these workflows, and some that do not say of which they are. */
export interface Wanted {
  workflows: readonly string[];
  hasUnknown: boolean;
}

/** Who may read. */
export interface Reader {
  person: string;
  organization: string;
}

/**
 * Lets somebody read what they want.
 *
 * @throws DecodingRefusedError
 */
export type Admit = (shown: Shown, wanted: Wanted) => Promise<Reader>;

const statuses = [400, 401, 403, 404, 413, 429, 503] as const;
type Status = (typeof statuses)[number];

/** Nobody reads anything: with the status of HTTP that says why. */
export class DecodingRefusedError extends GatehouseError {
  constructor(
    readonly status: Status,
    code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(code, message, options);
  }
}

const LIMIT_MS = 10_000;
const reader = z.object({ person: z.string(), organization: z.string() });
const problem = z.object({ code: z.string(), detail: z.string() });

/** Hears why the API could not be asked. */
export type Warn = (cause: unknown) => void;

/**
 * Asks the API who somebody is and whether they may read, each time: a session that was ended and a key that was revoked
 * count no more at once. The same question that is under way is asked once.
 *
 * @param api where the API listens, `http://host:port`
 */
export function createAdmit(api: URL, warn: Warn): Admit {
  const underWay = new Map<string, Promise<Reader>>();
  return (shown, wanted) => {
    const name = JSON.stringify([shown, wanted]);
    const known = underWay.get(name);
    if (known) return known;
    const asked = ask(api, warn, shown, wanted).finally(() => underWay.delete(name));
    underWay.set(name, asked);
    return asked;
  };
}

async function ask(api: URL, warn: Warn, shown: Shown, wanted: Wanted): Promise<Reader> {
  let answer: Response;
  let body: unknown;
  try {
    answer = await fetch(new URL(DECODING_PATH, api), {
      method: 'POST',
      body: JSON.stringify(wanted),
      headers: { 'content-type': 'application/json', ...headerOf(shown) },
      redirect: 'error',
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    body = await answer.json();
    if (answer.ok) return reader.parse(body);
  } catch (cause) {
    warn(cause);
    throw unreachable(cause);
  }
  const status = statuses.find((each) => each === answer.status);
  const said = problem.safeParse(body);
  if (status === undefined || !said.success) {
    const cause = new Error(
      `the API answered ${answer.status}${said.success ? `: ${said.data.detail}` : ''}`,
    );
    warn(cause);
    throw unreachable(cause);
  }
  throw new DecodingRefusedError(status, said.data.code, said.data.detail);
}

function headerOf({ kind, token }: Shown): Record<string, string> {
  switch (kind) {
    case 'bearer':
      return { authorization: `Bearer ${token}` };
    case 'session':
      return { [SESSION_HEADER]: token };
  }
}

function unreachable(cause: unknown): DecodingRefusedError {
  return new DecodingRefusedError(
    503,
    'api-unreachable',
    'the API, which says who may read, does not answer; try again',
    { cause },
  );
}
