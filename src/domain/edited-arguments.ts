/**
 * What a person typed who approved a call with other arguments: the values that the call did not have. What they left
 * as it was they have read and not written, so it stays as trusted or untrusted as before.
 *
 * @param before both as JSON of an object
 */
export function typedValues(before: string, after: string): string[] {
  const known = new Set(leavesOf(JSON.parse(before)));
  return leavesOf(JSON.parse(after)).filter((value) => !known.has(value));
}

function leavesOf(value: unknown): string[] {
  if (value === null || value === undefined) return [];
  if (typeof value !== 'object') return [String(value)];
  return Object.values(value).flatMap(leavesOf);
}
