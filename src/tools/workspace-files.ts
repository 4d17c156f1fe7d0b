import { failureOf } from './output';
import { isWithheld } from './paths';
import { runScript } from './shell';
import type { ToolContext, ToolOutput } from './tool';

export interface WorkspaceFile {
  /** Relative to the workspace. */
  path: string;
  text: string;
}

/** Most files read at once, and most bytes of them together. */
const MAX_FILES = 1000;
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * Reads the file at a normalised path, or those below it whose names end so, by path; links, git's files, downloaded modules,
 * files of keys and protected files are left out.
 *
 * @returns the files, or the failure to show
 */
export async function readFilesBelow(
  context: ToolContext,
  path: string,
  endings: readonly string[],
): Promise<WorkspaceFile[] | ToolOutput> {
  const names = endings.flatMap((ending, index) => [...(index > 0 ? ['-o'] : []), '-name', `*${ending}`]);
  const result = await runScript(context, READ_BELOW, [path, ...names], { maxOutputBytes: MAX_BYTES });
  if (result.exitCode !== 0) return failureOf(result, `cannot read \`${path}\``);
  if (result.truncated)
    return { ok: false, text: `\`${path}\` holds more than can be read at once; name a folder in it` };
  const parts = result.stdout.split('\0');
  const files: WorkspaceFile[] = [];
  for (let index = 0; index + 1 < parts.length; index += 2) {
    const file = (parts[index] ?? '').replace(/^(\.\/)+/, '');
    if (!isWithheld(file, path, context.settings)) files.push({ path: file, text: parts[index + 1] ?? '' });
  }
  return files;
}

const READ_BELOW = `inside "$1"; path=$1; shift
[ -e "$real" ] || { echo 'there is no such path' >&2; exit 66; }
[ ! -f "$real" ] || set -- -name '*'
find "./$path" \\( -name .git -o -name .terraform -o -name node_modules \\) -prune -o \\
  -type f \\( "$@" \\) -size -2000k -print0 | sort -z | head -z -n ${MAX_FILES} |
  xargs -0 -r sh -c 'for file do printf "%s\\0" "$file"; tr -d "\\000" < "$file"; printf "\\0"; done' sh`;
