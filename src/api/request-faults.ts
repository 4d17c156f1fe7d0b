import type { Hook } from '@hono/zod-openapi';
import type { ApiEnvironment } from './environment';
import { ProblemError, type RequestFault } from './problem';

const PARTS: Readonly<Record<string, string>> = { json: 'body', param: 'path' };
const MAX_FAULTS = 20;

/** Refuses a request that is not of its route's form, and says where. @throws ProblemError `request-malformed` */
// biome-ignore lint/suspicious/noExplicitAny: one hook for the requests of all routes, whatever their types
export const refuseFaults: Hook<any, ApiEnvironment, any, any> = (result) => {
  if (result.success) return;
  const part = PARTS[result.target] ?? result.target;
  const faults = result.error.issues.slice(0, MAX_FAULTS).map(
    ({ path, message }): RequestFault => ({
      where: [part, ...path.map(String)].join('.').slice(0, 200),
      message: wordsOf(message).slice(0, 300),
    }),
  );
  throw new ProblemError(
    'request-malformed',
    `the request is malformed: ${faults[0]?.where} ${faults[0]?.message}`,
    {
      faults,
    },
  );
};

/** Of a message of zod's, which begins a sentence of its own and tells what is missing as a wrong type. */
function wordsOf(message: string): string {
  return message.endsWith(', received undefined')
    ? 'is missing'
    : `${message.charAt(0).toLowerCase()}${message.slice(1)}`;
}
