/** The question was not put to anybody, and will not be. */
export class AskUserError extends Error {
  readonly code: string;
}

/**
 * Asks the people of this run and waits for an answer, up to 24 hours; afterwards the answer says that nobody answered.
 * A connection that breaks is made again, and nobody is asked twice.
 *
 * @param options answers to choose from
 * @throws AskUserError when nobody may or can be asked
 */
export function askUser(question: string, options?: string[]): Promise<string>;
