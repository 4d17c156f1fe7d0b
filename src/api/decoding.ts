import type { Context } from 'hono';
import { z } from 'zod';
import { DECODING_PATH, SESSION_HEADER } from '../codec/decoding-question';
import type { Caller } from '../domain/caller';
import { GatehouseError } from '../domain/errors';
import { sha256 } from '../domain/hashing';
import { limitBody } from '../http/limit-body';
import { bearerOf, requireScope } from './authentication';
import type { ApiDependencies } from './dependencies';
import type { Api } from './environment';
import { answerProblem } from './problem';
import type { RateLimit } from './rate-limit';

const MAX_BODY_BYTES = 128 * 1024;

/** What a codec server asks: at most as many workflows as a page of payloads may name. */
const question = z.strictObject({
  workflows: z.array(z.string().min(1).max(1_000)).max(100),
  hasUnknown: z.boolean(),
});

/**
 * Says to the codec server whether somebody may read what it was asked to decode. It shows what they showed: an API key or
 * a token as a bearer, or the session of the console, which counts nowhere else in the API. No part of `/v1`.
 */
export function addDecoding(
  api: Api,
  { authenticate, sessions, commandsOf }: Pick<ApiDependencies, 'authenticate' | 'sessions' | 'commandsOf'>,
  limitOfKey: RateLimit,
): void {
  const tooLarge = (c: Context) =>
    answerProblem(c, {
      status: 413,
      code: 'body-too-large',
      detail: `a body has at most ${MAX_BODY_BYTES} bytes`,
    });

  async function callerOf(c: Context): Promise<Caller> {
    const session = c.req.header(SESSION_HEADER);
    const shown = session ?? bearerOf(c.req.header('authorization'));
    const caller = session === undefined ? await authenticate(shown) : await sessions.callerOf(session);
    if (!caller)
      throw new GatehouseError('credentials-expired', 'this session of the console is over; log in again');
    await limitOfKey.take(sha256(shown));
    return caller;
  }

  api.post(DECODING_PATH, limitBody(MAX_BODY_BYTES, tooLarge), async (c) => {
    const caller = await callerOf(c);
    requireScope(caller, 'runs:read');
    const asked = question.safeParse(await c.req.json().catch(() => null));
    if (!asked.success)
      return answerProblem(c, {
        status: 400,
        code: 'request-malformed',
        detail: 'the body must say `{workflows: [id], hasUnknown}`',
      });
    await commandsOf(caller).readHistory(asked.data, caller);
    return c.json({ person: caller.person, organization: caller.organizationId });
  });
}
