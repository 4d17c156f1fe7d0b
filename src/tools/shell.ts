import type { CommandResult, SandboxCommand, ToolContext } from './tool';

/**
 * Runs a POSIX shell script whose values come as arguments, never as part of its text.
 *
 * The script may call `inside "$1"`: it leaves the absolute path in `$real`, and ends the script with
 * {@link OUTSIDE} and a reason on standard error when the path leads out of the workspace, into `.git`, or through a
 * link. A link is named rather than followed, because what it leads to is what has to be judged.
 */
export function runScript(
  context: ToolContext,
  script: string,
  args: readonly string[],
  options: Omit<SandboxCommand, 'argv' | 'cwd'> = {},
): Promise<CommandResult> {
  return context.exec({ ...options, argv: ['sh', '-c', `${PRELUDE}\n${script}`, 'sh', ...args] });
}

/** Exit code of a script that met a path it must not follow. */
export const OUTSIDE = 65;

const PRELUDE = `set -eu
LC_ALL=C.UTF-8
export LC_ALL
root=$(pwd -P)
inside() {
  if [ "$1" = . ]; then real=$root; return; fi
  real=$(realpath -m -- "./$1")
  case "$real/" in
    "$root"/*) ;;
    *) printf 'the path %s leads out of the workspace\\n' "$1" >&2; exit ${OUTSIDE} ;;
  esac
  case "$real/" in
    */.git/*) printf 'the path %s leads into .git\\n' "$1" >&2; exit ${OUTSIDE} ;;
  esac
  if [ "$real" != "$root/$1" ]; then
    printf 'the path %s goes through a link to %s; name that path itself\\n' "$1" "\${real#"$root"/}" >&2
    exit ${OUTSIDE}
  fi
}`;
