/**
 * Whether a branch matches a pattern; `*` stays within a segment. Letter case does not count: a forge may keep its
 * branches on a file system that does not tell `Main` from `main`.
 */
export function matchesBranch(pattern: string, branch: string): boolean {
  return new RegExp(`^${pattern.split('*').map(literal).join('[^/]*')}$`, 'i').test(branch);
}

/**
 * Whether a workspace path matches a pattern as in `.gitignore`: `*` and `?` stay within a segment, `**` crosses them,
 * a pattern without a slash matches at any depth, and what matches a folder matches all that is in it. Letter case does
 * not count, which is the stricter reading.
 *
 * @param path relative, normalised: no leading `./`, no `..`
 */
export function matchesPath(pattern: string, path: string): boolean {
  const trimmed = pattern.replace(/^\.?\//, '').replace(/\/+$/, '');
  if (trimmed === '') return true;
  const isAnchored = trimmed.includes('/') || pattern.startsWith('/') || pattern.startsWith('./');
  const body = trimmed
    .split(/(\*\*\/|\/\*\*|\*\*|\*|\?)/)
    .map((part) => WILDCARDS.get(part) ?? literal(part))
    .join('');
  return new RegExp(`^${isAnchored ? '' : '(?:.*/)?'}${body}(?:/.*)?$`, 'is').test(path);
}

const WILDCARDS = new Map([
  ['**/', '(?:.*/)?'],
  ['/**', '(?:/.*)?'],
  ['**', '.*'],
  ['*', '[^/]*'],
  ['?', '[^/]'],
]);

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
