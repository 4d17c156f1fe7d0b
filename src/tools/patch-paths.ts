/** The files a unified diff touches, or where and why it cannot be told. */
export type PatchPaths =
  | {
      ok: true;
      paths: string[];
      /** Whether it makes or turns a symbolic link. */
      makesLink: boolean;
    }
  | { ok: false; line: number; reason: string };

/**
 * Reads the headers of a unified diff; the lines of its hunks are counted off, so that a line of content that looks
 * like a header is not taken for one. Names must be plain: `a/…` and `b/…` or `/dev/null`, without quotes.
 */
export function pathsInPatch(patch: string): PatchPaths {
  const paths = new Set<string>();
  const lines = patch.split('\n');
  let makesLink = false;
  let old = 0;
  let added = 0;
  for (const [index, line] of lines.entries()) {
    if (old > 0 || added > 0) {
      if (line.startsWith('+')) added--;
      else if (line.startsWith('-')) old--;
      else if (line.startsWith(' ') || line === '') {
        old--;
        added--;
      } else if (!line.startsWith('\\')) return unreadable(index, 'the hunk is shorter than its header says');
      if (old < 0 || added < 0) return unreadable(index, 'the hunk is not as long as its header says');
      continue;
    }
    makesLink ||= /^(?:new file mode|new mode|index \S+) 120000$/.test(line);
    const hunk = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(line);
    if (hunk) {
      old = Number(hunk[1] ?? 1);
      added = Number(hunk[2] ?? 1);
      continue;
    }
    const named = namesIn(line);
    if (named === null)
      return unreadable(index, 'a file name is not plain: write `a/path` and `b/path`, without quotes');
    for (const path of named) paths.add(path);
  }
  if (old > 0 || added > 0)
    return unreadable(lines.length - 1, 'the last hunk is shorter than its header says');
  if (paths.size === 0) return unreadable(0, 'it names no file');
  return { ok: true, paths: [...paths], makesLink };
}

/** The file names in a header line, without `a/` and `b/`; null when a name is there and cannot be read. */
function namesIn(line: string): string[] | null {
  if (line.startsWith('--- ') || line.startsWith('+++ ')) {
    // Some programs put a time after a tab.
    const name = line.slice(4).split('\t')[0] ?? '';
    if (name === '/dev/null') return [];
    return /^[ab]\/[^"]+$/.test(name) ? [name.slice(2)] : null;
  }
  const moved = /^(?:rename|copy) (?:from|to) (.*)$/.exec(line)?.[1];
  if (moved !== undefined) return /^[^"]+$/.test(moved) ? [moved] : null;
  if (line.startsWith('diff --git ')) return namesOfGitHeader(line.slice('diff --git '.length));
  return [];
}

function namesOfGitHeader(rest: string): string[] | null {
  if (rest.includes('"') || !rest.startsWith('a/')) return null;
  // A name may hold spaces: where both are the same, the line is symmetric around its middle.
  const half = (rest.length - 1) / 2;
  if (Number.isInteger(half) && rest.slice(half) === ` b/${rest.slice(2, half)}`)
    return [rest.slice(2, half)];
  const names = /^a\/(\S+) b\/(\S+)$/.exec(rest);
  return names?.[1] && names[2] ? [names[1], names[2]] : null;
}

function unreadable(index: number, reason: string): PatchPaths {
  return { ok: false, line: index + 1, reason };
}
