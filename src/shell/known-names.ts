import { SECRET_PATTERNS } from './secret-paths';

/**
 * A path whose patterns are replaced by names that they may stand for and that matter: `/e?c/x` may be `/etc/x`, `.gi?/x`
 * may be `.git/x`. Other patterns stay; a lone `*` says nothing below the root.
 *
 * @param roots names of folders right below the root
 * @param isRead whether it is only read: then a last `.gi*` is left, since `.gitignore` and the like are meant
 */
export function withKnownNames(path: string, roots: readonly string[], isRead: boolean): string {
  const segments = path.split('/');
  return segments
    .map((segment, index) => {
      if (!PATTERN.test(segment)) return segment;
      const isLast = index === segments.length - 1;
      const literals = segment.replace(/\[[^\]]*\]|[*?]/g, '').length;
      const isTop = index === 1 && segments[0] === '' && (!isLast || literals > 0);
      const names = isTop ? roots : literals >= 2 ? NAMES : [];
      const expression = expressionOf(segment);
      const name = names.find((each) => expression.test(each) && !(each === '.git' && isRead && isLast));
      return name ?? segment;
    })
    .join('/');
}

const PATTERN = /[*?[]/;
const NAMES: readonly string[] = [
  '.git',
  ...SECRET_PATTERNS.filter((pattern) => !PATTERN.test(pattern) && !pattern.includes('/')),
];

/** Any character for a set of them, which is the stricter reading; patterns do not stand for a first dot. */
function expressionOf(segment: string): RegExp {
  const body = segment
    .split(/(\[[^\]]*\]|[*?])/)
    .map((part) => {
      if (part === '*') return '.*';
      return part === '?' || /^\[.*\]$/.test(part) ? '.' : part.replace(/[\\^$.+(){}|[\]]/g, '\\$&');
    })
    .join('');
  return new RegExp(`^${PATTERN.test(segment[0] ?? '') ? '(?!\\.)' : ''}${body}$`);
}
