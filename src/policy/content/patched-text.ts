/** What a patch makes of each file it touches; null for one that it deletes. */
export type PatchedFiles = ReadonlyMap<string, string | null>;

/**
 * Applies a unified diff to texts, as strictly as git does: every line of context must be there, if need be further up
 * or down.
 *
 * @param read the text of a file, null where there is none
 * @returns null when it cannot be followed; git then most likely refuses it too
 */
export async function patchedTexts(
  patch: string,
  read: (path: string) => Promise<string | null>,
): Promise<PatchedFiles | null> {
  const sections = sectionsOf(patch);
  if (!sections) return null;
  const patched = new Map<string, string | null>();
  for (const { from, to, isCopy, hunks } of sections) {
    const before = from === null ? '' : (patched.get(from) ?? (await read(from)));
    if (before === null) return null;
    const after = applyHunks(before, hunks);
    if (after === null) return null;
    if (from !== null && from !== to && !isCopy) patched.set(from, null);
    if (to !== null) patched.set(to, after);
  }
  return patched;
}

interface Hunk {
  /** First line in the old text, counted from 1. */
  start: number;
  old: string[];
  new: string[];
}

interface Section {
  /** Null for a new file. */
  from: string | null;
  /** Null for a deleted one. */
  to: string | null;
  isCopy: boolean;
  hunks: Hunk[];
}

function sectionsOf(patch: string): Section[] | null {
  const sections: Section[] = [];
  let section: Section | null = null;
  let hunk: Hunk | null = null;
  let old = 0;
  let added = 0;
  const open = (names: Pick<Section, 'from' | 'to'>): Section => {
    const opened = { ...names, isCopy: false, hunks: [] };
    sections.push(opened);
    return opened;
  };
  const lines = patch.replace(/\n$/, '').split('\n');
  for (const [index, line] of lines.entries()) {
    if (hunk && (old > 0 || added > 0)) {
      const text: string = lines[index + 1]?.startsWith('\\') ? line.slice(1) : `${line.slice(1)}\n`;
      if (line.startsWith('\\')) continue;
      const isContext = line === '' || line.startsWith(' ');
      if (isContext || line.startsWith('-')) {
        hunk.old.push(text);
        old--;
      }
      if (isContext || line.startsWith('+')) {
        hunk.new.push(text);
        added--;
      }
      if (old < 0 || added < 0) return null;
      continue;
    }
    const header = /^@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(line);
    const moved = /^(rename|copy) (from|to) (.+)$/.exec(line);
    if (header && section) {
      hunk = { start: Number(header[1]), old: [], new: [] };
      section.hunks.push(hunk);
      old = Number(header[2] ?? 1);
      added = Number(header[3] ?? 1);
    } else if (line.startsWith('diff --git ')) {
      const names = /^diff --git a\/(.+) b\/(.+)$/.exec(line);
      section = open({ from: names?.[1] ?? '', to: names?.[2] ?? '' });
      hunk = null;
    } else if (line.startsWith('--- ')) {
      if (!section || section.hunks.length > 0) section = open({ from: null, to: null });
      section.from = nameIn(line);
      hunk = null;
    } else if (line.startsWith('+++ ') && section) section.to = nameIn(line);
    else if (moved && section) {
      if (moved[2] === 'from') section.from = moved[3] ?? '';
      else section.to = moved[3] ?? '';
      section.isCopy = moved[1] === 'copy';
    } else if (line.startsWith('deleted file mode') && section) section.to = null;
    else if (line.startsWith('new file mode') && section) section.from = null;
    else if (line.startsWith('GIT binary patch') || line.startsWith('Binary files ')) return null;
  }
  return old > 0 || added > 0 ? null : sections;
}

function nameIn(line: string): string | null {
  const name = line.slice(4).split('\t')[0] ?? '';
  return name === '/dev/null' ? null : name.replace(/^[ab]\//, '');
}

function applyHunks(text: string, hunks: readonly Hunk[]): string | null {
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const result: string[] = [];
  let done = 0;
  for (const hunk of hunks) {
    const wanted = Math.max(done, hunk.start - (hunk.old.length === 0 ? 0 : 1));
    const at = placeOf(hunk.old, lines, wanted, done);
    if (at === null) return null;
    result.push(...lines.slice(done, at), ...hunk.new);
    done = at + hunk.old.length;
  }
  return [...result, ...lines.slice(done)].join('');
}

/** The place nearest to the wanted one where the lines stand. */
function placeOf(
  old: readonly string[],
  lines: readonly string[],
  wanted: number,
  first: number,
): number | null {
  const last = lines.length - old.length;
  for (let distance = 0; wanted - distance >= first || wanted + distance <= last; distance++)
    for (const at of [wanted - distance, wanted + distance])
      if (at >= first && at <= last && old.every((line, index) => lines[at + index] === line)) return at;
  return null;
}
