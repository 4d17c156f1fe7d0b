import { canonicalJson } from '../domain/canonical-json';
import { GatehouseError } from '../domain/errors';

/** Canonical arguments one by one; texts as they are, everything else as JSON. */
export function argumentsOf(args: string): { name: string; text: string }[] {
  return Object.entries(asRecord(args)).map(([name, value]) => ({
    name,
    text: typeof value === 'string' ? value : JSON.stringify(value, null, 2),
  }));
}

/** Arguments as people edit them. */
export function indented(args: string): string {
  try {
    return JSON.stringify(JSON.parse(args), null, 2);
  } catch {
    return args;
  }
}

/**
 * Reads edited arguments. Whether the tool takes them is the gate's to say.
 *
 * @returns them, and their RFC 8785 JSON
 * @throws GatehouseError `arguments-malformed`
 */
export function readEdited(text: string): { args: Record<string, unknown>; canonical: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const where =
      cause instanceof SyntaxError
        ? `: ${cause.message.replace(/^[A-Z]/, (letter) => letter.toLowerCase())}`
        : '';
    throw new GatehouseError('arguments-malformed', `the arguments are no JSON${where}`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new GatehouseError('arguments-malformed', 'the arguments must be a JSON object');
  return { args: value as Record<string, unknown>, canonical: canonicalJson(value) };
}

function asRecord(args: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(args);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Shown as it is.
  }
  return { arguments: args };
}
