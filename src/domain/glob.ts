/**
 * Whether a branch matches a pattern; `*` stays within a segment. Letter case does not count: a forge may keep its
 * branches on a file system that does not tell `Main` from `main`.
 */
export function matchesBranch(pattern: string, branch: string): boolean {
  return compiled(branches, pattern, branchExpression).test(branch);
}

/**
 * Whether a workspace path matches a pattern as in `.gitignore`: `*` and `?` stay within a segment, `**` crosses them,
 * a pattern without a slash matches at any depth, and what matches a folder matches all that is in it. Letter case does
 * not count, which is the stricter reading.
 *
 * @param path relative, normalised: no leading `./`, no `..`
 */
export function matchesPath(pattern: string, path: string): boolean {
  return compiled(paths, pattern, pathExpression).test(path);
}

function branchExpression(pattern: string): RegExp {
  return new RegExp(`^${pattern.split('*').map(literal).join('[^/]*')}$`, 'i');
}

function pathExpression(pattern: string): RegExp {
  const trimmed = pattern.replace(/^\.?\//, '').replace(/\/+$/, '');
  if (trimmed === '') return /^/;
  const isAnchored = trimmed.includes('/') || pattern.startsWith('/') || pattern.startsWith('./');
  const body = trimmed
    .split(/(\*\*\/|\/\*\*|\*\*|\*|\?)/)
    .map((part) => WILDCARDS.get(part) ?? literal(part))
    .join('');
  return new RegExp(`^${isAnchored ? '' : '(?:.*/)?'}${body}(?:/.*)?$`, 'is');
}

/** Most patterns kept compiled, of each kind: every call of an agent is compared with the same few dozen. */
const MAX_COMPILED = 2_000;
const branches = new Map<string, RegExp>();
const paths = new Map<string, RegExp>();

function compiled(known: Map<string, RegExp>, pattern: string, compile: (pattern: string) => RegExp): RegExp {
  let expression = known.get(pattern);
  if (!expression) {
    expression = compile(pattern);
    if (known.size >= MAX_COMPILED) known.clear();
    known.set(pattern, expression);
  }
  return expression;
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
