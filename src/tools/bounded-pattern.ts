import { createContext, Script } from 'node:vm';

/** Longest that one pattern is tried on one text, in milliseconds; an honest one takes microseconds. */
const LIMIT_MS = 50;

const attempt = new Script('expression.test(text)');
const place: { expression?: RegExp; text?: string } = createContext(Object.create(null));

/**
 * Regular expressions for a schema's `pattern`. The pattern is an operator's, the text a model's: one that backtracks
 * without end (`(a+)+$`) would otherwise hold up the gate of every run. What is not found out in time does not match.
 */
export const boundedPatterns = Object.assign(
  (pattern: string, flags: string) => {
    const expression = new RegExp(pattern, flags);
    return { test: (text: string) => matches(expression, text), toString: () => String(expression) };
  },
  // What the schema compiler would print; nothing is printed here.
  { code: 'boundedPatterns' },
);

function matches(expression: RegExp, text: string): boolean {
  Object.assign(place, { expression, text });
  try {
    return attempt.runInContext(place, { timeout: LIMIT_MS }) === true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return false;
    throw error;
  }
}
