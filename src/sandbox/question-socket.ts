import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { GatehouseError, publicMessage } from '../domain/errors';
import {
  isSameQuestion,
  MAX_OPEN_QUESTIONS,
  MAX_QUESTIONS_PER_CALL,
  malformedQuestion,
  type ProgramAnswer,
} from '../domain/program-question';
import type { KeptSockets } from './kept-sockets';
import { bodyOf, sendJson } from './listening';
import { createWaitClock, type WaitClock } from './pausable-timer';

/** Path of the one request, and the header by which a client that reconnects names its question. */
export const ASK_PATH = '/ask-user';
export const QUESTION_KEY_HEADER = 'idempotency-key';

/** A program's way to ask people, for one call. */
export interface QuestionSocket {
  /** Unix socket, of the host. */
  socket: string;
  /** Stands still while a program waits for an answer. */
  clock: WaitClock;
  /** Nobody waits any more: open questions are given up. */
  close(): void;
}

export interface QuestionSocketOptions {
  /** Asks a person; `number` tells the questions of this call apart, `attempt` how often nobody could be asked. */
  ask(
    asked: { number: number; attempt: number; question: string; options: string[] },
    signal: AbortSignal,
  ): Promise<ProgramAnswer>;
  log?(message: string, cause: unknown): void;
}

/**
 * Listens for the questions of one call of a run. Who may connect is decided by whom the socket is passed to.
 *
 * @param sockets where the socket comes from and goes back to
 */
export async function openQuestionSocket(
  runId: string,
  options: QuestionSocketOptions,
  sockets: KeptSockets,
): Promise<QuestionSocket> {
  const ended = new AbortController();
  const clock = createWaitClock();
  const handle = handlerOf(options, clock, ended.signal);
  const socket = await sockets.take(runId);
  socket.server.on('request', handle);
  return {
    socket: socket.path,
    clock,
    close() {
      ended.abort(new GatehouseError('cancelled', 'the call that asked has ended'));
      socket.server.off('request', handle);
      sockets.giveBack(runId, socket);
    },
  };
}

const MAX_BODY_BYTES = 64 * 1024;
const MAX_KEY_LENGTH = 200;

const requestBody = z.strictObject({
  question: z.string(),
  options: z.array(z.string()).nullish(),
});

interface Asked {
  key: string;
  number: number;
  attempt: number;
  question: string;
  options: string[];
  hasKey: boolean;
  /** Null where nobody could be asked, and it may be tried again. */
  answer: Promise<ProgramAnswer> | null;
  isOpen: boolean;
  isDelivered: boolean;
  /** Clients that wait for it now. */
  waiting: number;
}

type AskedText = Pick<Asked, 'question' | 'options'>;

function handlerOf({ ask, log = () => {} }: QuestionSocketOptions, clock: Clock, signal: AbortSignal) {
  const all: Asked[] = [];

  /** The question of this key, or without a key the same one that its client was cut off from. */
  function find(key: string | null, given: AskedText): Asked {
    const known = all.find((each) =>
      key === null
        ? !each.hasKey && !each.isDelivered && each.waiting === 0 && isSameQuestion(each, given)
        : each.hasKey && each.key === key,
    );
    if (known && !isSameQuestion(known, given))
      throw new GatehouseError(
        'question-changed',
        `the question of this \`${QUESTION_KEY_HEADER}\` was another one`,
      );
    return known ?? added(key, given);
  }

  function added(key: string | null, given: AskedText): Asked {
    if (all.length >= MAX_QUESTIONS_PER_CALL)
      throw new GatehouseError(
        'too-many-questions',
        `a call asks at most ${MAX_QUESTIONS_PER_CALL} questions`,
      );
    if (all.filter(({ isOpen }) => isOpen).length >= MAX_OPEN_QUESTIONS)
      throw new GatehouseError(
        'too-many-open',
        `at most ${MAX_OPEN_QUESTIONS} questions of a call can be open at once; ask when one is answered`,
      );
    const asked: Asked = {
      ...given,
      key: key ?? '',
      hasKey: key !== null,
      number: all.length + 1,
      attempt: 0,
      answer: null,
      isOpen: false,
      isDelivered: false,
      waiting: 0,
    };
    all.push(asked);
    return asked;
  }

  async function put(asked: Asked): Promise<ProgramAnswer> {
    const { number, attempt, question, options } = asked;
    asked.isOpen = true;
    try {
      const outcome = await ask({ number, attempt, question, options }, signal);
      if (outcome.kind === 'refused' && outcome.isTemporary) {
        asked.attempt++;
        asked.answer = null;
      }
      return outcome;
    } finally {
      asked.isOpen = false;
    }
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<string> {
    if (request.url !== ASK_PATH)
      throw new GatehouseError('not-found', `this socket knows \`POST ${ASK_PATH}\` only`);
    if (request.method !== 'POST')
      throw new GatehouseError('method-not-allowed', `ask with \`POST ${ASK_PATH}\``);
    const key = keyOf(request);
    const asked = find(
      key,
      questionOf((await bodyOf(request, MAX_BODY_BYTES, 'a question')).toString('utf8')),
    );
    // Its time does not count while the program waits here, and only then.
    asked.waiting++;
    clock.begin();
    const stop = once(() => {
      asked.waiting--;
      clock.end();
    });
    response.once('close', stop);
    try {
      asked.answer ??= put(asked);
      const outcome = await asked.answer;
      if (outcome.kind === 'answered') {
        if (!response.destroyed) asked.isDelivered = true;
        return outcome.answer;
      }
      throw new GatehouseError(outcome.isTemporary ? 'try-again' : 'question-refused', outcome.reason);
    } finally {
      stop();
    }
  }

  return (request: IncomingMessage, response: ServerResponse) => {
    answer(request, response).then(
      (text) => sendJson(response, 200, { answer: text }),
      (error) => {
        if (!(error instanceof GatehouseError)) log('a question of a program failed', error);
        const code = error instanceof GatehouseError ? error.code : 'internal';
        const status = STATUS[code] ?? 500;
        // Who is told to come again is told when.
        const headers: Record<string, string> = status === 503 ? { 'retry-after': '2' } : {};
        sendJson(response, status, { error: { code, message: publicMessage(error) } }, headers);
      },
    );
  };
}

type Clock = ReturnType<typeof createWaitClock>;

const STATUS: Readonly<Record<string, number>> = {
  'request-malformed': 400,
  'question-refused': 403,
  'not-found': 404,
  'method-not-allowed': 405,
  'question-changed': 409,
  'request-too-large': 413,
  'too-many-questions': 429,
  'too-many-open': 503,
  'try-again': 503,
  cancelled: 503,
};

function keyOf({ headers }: IncomingMessage): string | null {
  const key = headers[QUESTION_KEY_HEADER];
  if (key === undefined) return null;
  if (typeof key !== 'string' || key === '' || key.length > MAX_KEY_LENGTH)
    throw malformed(`\`${QUESTION_KEY_HEADER}\` has 1 to ${MAX_KEY_LENGTH} characters`);
  return key;
}

function questionOf(body: string): { question: string; options: string[] } {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (cause) {
    throw malformed('the body is not JSON', cause);
  }
  const parsed = requestBody.safeParse(value);
  if (!parsed.success) throw malformed('the body is `{"question": text, "options": [texts]}`', parsed.error);
  // As the gate's own reading of them: what people see is what counts as the same question.
  const question = parsed.data.question.trim();
  const options = (parsed.data.options ?? []).map((option) => option.trim());
  const problem = malformedQuestion({ question, options });
  if (problem) throw malformed(problem);
  return { question, options };
}

function malformed(what: string, cause?: unknown): GatehouseError {
  return new GatehouseError('request-malformed', `the question cannot be read: ${what}`, { cause });
}

function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    work();
  };
}
