import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { GatehouseError } from '../domain/errors';
import type { Problem } from '../policy/cedar/check-rules';
import type { ApiEnvironment } from './environment';
import { type ProblemStatus, statusOfCode, titleOf } from './statuses';

/** What is wrong with one part of a request. */
export interface RequestFault {
  /** As `body.prompt` or `query.limit`. */
  where: string;
  message: string;
}

/** An error as callers see it: RFC 9457. */
export const problemSchema = z
  .object({
    type: z.string().openapi({ example: 'urn:gatehouse:problem:run-unknown' }),
    title: z.string(),
    status: z.int(),
    detail: z.string().openapi({ description: 'A text that may be shown to anyone.' }),
    code: z.string().openapi({ description: 'Stable: what programs test for.', example: 'run-unknown' }),
    requestId: z.string().openapi({ description: 'Names this request in the log.' }),
    faults: z.array(z.object({ where: z.string(), message: z.string() })).optional(),
    problems: z
      .array(
        z.object({
          severity: z.enum(['error', 'warning']),
          file: z.string(),
          line: z.int(),
          rule: z.string().nullable(),
          message: z.string(),
          suggestion: z.string().nullable(),
        }),
      )
      .optional(),
  })
  .openapi('Problem');

/** A refusal with more to say than its text. */
export class ProblemError extends GatehouseError {
  constructor(
    code: string,
    message: string,
    readonly details: Pick<ProblemAnswer, 'faults' | 'problems' | 'retryAfterS'> = {},
  ) {
    super(code, message);
  }
}

/** Any error as an answer. What is not known as harmless is logged with its cause, and says nothing to the caller. */
export function answerError(error: unknown, c: Context<ApiEnvironment>): Response {
  if (error instanceof HTTPException) return answerProblem(c, ofHttpException(error));
  const code = error instanceof GatehouseError ? error.code : 'internal';
  const status = statusOfCode(code);
  if (status === 500) {
    c.get('log').error({ err: error }, 'a request failed');
    return answerProblem(c, {
      status,
      code: 'internal',
      detail: 'an internal error; the log names this request',
    });
  }
  if (status === 503) {
    c.get('log').warn({ err: error }, 'a server did not answer');
    return answerProblem(c, { status, code, detail: publicDetail(code, ''), retryAfterS: RETRY_AFTER_S });
  }
  const details = error instanceof ProblemError ? error.details : {};
  return answerProblem(c, { status, code, detail: (error as Error).message, ...details });
}

export interface ProblemAnswer {
  status: ProblemStatus;
  code: string;
  detail: string;
  faults?: readonly RequestFault[];
  problems?: readonly Problem[];
  retryAfterS?: number;
}

/** An answer of type `application/problem+json`. */
export function answerProblem(
  c: Context<ApiEnvironment>,
  { retryAfterS, ...answer }: ProblemAnswer,
): Response {
  const { status, code, ...rest } = answer;
  if (retryAfterS !== undefined) c.header('Retry-After', String(retryAfterS));
  if (status === 401) c.header('WWW-Authenticate', 'Bearer realm="gatehouse"');
  const body = {
    type: `urn:gatehouse:problem:${code}`,
    title: titleOf(status),
    status,
    code,
    ...rest,
    requestId: c.get('requestId'),
  };
  return c.body(JSON.stringify(body), status, { 'Content-Type': 'application/problem+json' });
}

const RETRY_AFTER_S = 2;

/** What a caller is told of an error of this code. */
export function publicDetail(code: string, message: string): string {
  return statusOfCode(code) === 503 ? detailOfUnavailable(code) : message;
}

/** Which server it was, and where, is nobody's business outside. */
function detailOfUnavailable(code: string): string {
  switch (code) {
    case 'stopping':
      return 'this process is about to stop; ask again';
    case 'streams-exhausted':
      return 'this process has as many event streams as it serves; ask again later';
    case 'control-unreachable':
      return 'no control worker answered for this run; ask again';
    default:
      return 'a server that is needed for this does not answer; ask again';
  }
}

/** What the framework itself refuses: a body that is no JSON, a media type that it does not know. */
function ofHttpException({ status }: HTTPException): ProblemAnswer {
  if (status === 413)
    return { status, code: 'body-too-large', detail: 'the body of the request is too large' };
  if (status === 415)
    return { status, code: 'media-type-refused', detail: 'the body must be `application/json`' };
  return {
    status: 400,
    code: 'request-malformed',
    detail: 'the body of the request is not well-formed JSON',
  };
}
