#!/usr/bin/env node
// @ts-check
// Plain JavaScript without dependencies: it runs in a sandbox, where neither our packages nor our tools are.
'use strict';

const { randomUUID } = require('node:crypto');
const { request } = require('node:http');

/** A person has a day; the rest is for connections that break. */
const GIVE_UP_AFTER_MS = 25 * 60 * 60 * 1000;
const MAX_PAUSE_MS = 30_000;

/** The question was not put to anybody, and will not be. */
class AskUserError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.name = 'AskUserError';
    this.code = code;
  }
}

/**
 * Asks the people of this run and waits for an answer, up to 24 hours; afterwards the answer says that nobody answered.
 * A connection that breaks is made again, and nobody is asked twice.
 *
 * @param {string} question
 * @param {string[]} [options] answers to choose from
 * @returns {Promise<string>}
 */
async function askUser(question, options) {
  const socketPath = process.env.GATEHOUSE_SOCKET;
  if (!socketPath)
    throw new AskUserError('not-in-a-run', 'people are asked from inside a run: GATEHOUSE_SOCKET is not set');
  const body = JSON.stringify({ question, options });
  const key = randomUUID();
  const startedAt = Date.now();
  for (let attempt = 0; ; attempt++) {
    const outcome = await post(socketPath, key, body);
    if (outcome.kind === 'answered') return outcome.answer;
    if (outcome.kind === 'refused') throw new AskUserError(outcome.code, outcome.message);
    if (Date.now() - startedAt > GIVE_UP_AFTER_MS)
      throw new AskUserError('unreachable', 'nobody could be asked: the socket does not answer');
    await new Promise((resolve) =>
      setTimeout(resolve, Math.min(MAX_PAUSE_MS, 250 * 2 ** Math.min(attempt, 7))),
    );
  }
}

/**
 * @typedef {{kind: 'answered', answer: string} | {kind: 'refused', code: string, message: string} | {kind: 'again'}} Outcome
 * @param {string} socketPath
 * @param {string} key
 * @param {string} body
 * @returns {Promise<Outcome>}
 */
function post(socketPath, key, body) {
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'idempotency-key': key,
  };
  return new Promise((resolve) => {
    const sent = request(
      { socketPath, path: '/ask-user', method: 'POST', headers, agent: false },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('error', () => resolve({ kind: 'again' }));
        response.on('end', () => resolve(read(response.statusCode ?? 0, text)));
      },
    );
    sent.on('error', () => resolve({ kind: 'again' }));
    sent.end(body);
  });
}

/**
 * @param {number} status
 * @param {string} text
 * @returns {Outcome}
 */
function read(status, text) {
  if (status === 503) return { kind: 'again' };
  try {
    const { answer, error } = JSON.parse(text);
    if (status === 200 && typeof answer === 'string') return { kind: 'answered', answer };
    return { kind: 'refused', code: String(error.code), message: String(error.message) };
  } catch {
    // Cut off within the answer.
    return { kind: 'again' };
  }
}

module.exports = { askUser, AskUserError };

// As a program: `ask-user QUESTION [OPTION…]` prints the answer.
if (require.main === module) {
  const [question = '', ...options] = process.argv.slice(2);
  askUser(question, options.length > 0 ? options : undefined).then(
    (answer) => process.stdout.write(`${answer}\n`),
    (error) => {
      process.stderr.write(`ask-user: ${error.message}\n`);
      process.exitCode = 1;
    },
  );
}
