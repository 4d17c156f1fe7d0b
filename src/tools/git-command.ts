import type { CommandResult, SandboxCommand, ToolContext } from './tool';

/**
 * Runs git so that nothing of the repository or the machine decides what runs: no hooks, no file system monitor, no
 * external diff, no text conversion, no aliases of a user's configuration, no prompts, no paging.
 */
export function git(
  context: ToolContext,
  args: readonly string[],
  options: Omit<SandboxCommand, 'argv' | 'cwd'> = {},
): Promise<CommandResult> {
  return context.exec({
    ...options,
    argv: ['git', ...GIT_OPTIONS, ...args],
    env: { ...GIT_ENVIRONMENT, ...options.env },
  });
}

/** Options of every git we start, in the sandbox and out of it. */
export const GIT_OPTIONS: readonly string[] = [
  '--no-pager',
  '--literal-pathspecs',
  '-c',
  'core.hooksPath=/dev/null',
  '-c',
  'core.fsmonitor=false',
  '-c',
  'core.quotePath=false',
  '-c',
  'core.attributesFile=/dev/null',
  '-c',
  'commit.gpgSign=false',
  '-c',
  'credential.helper=',
  '-c',
  'diff.external=',
  '-c',
  'gc.auto=0',
  '-c',
  'protocol.ext.allow=never',
  '-c',
  'push.recurseSubmodules=no',
  '-c',
  'submodule.recurse=false',
  // The workspace is ours whoever owns its files in the sandbox's view.
  '-c',
  'safe.directory=*',
];

export const GIT_ENVIRONMENT: Readonly<Record<string, string>> = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_NO_REPLACE_OBJECTS: '1',
  // Whoever made a repository names the program that fetches what is missing in it.
  GIT_NO_LAZY_FETCH: '1',
  LC_ALL: 'C.UTF-8',
};

/** Options of `git diff`, `show` and `log` that keep programs named by the repository from running. */
export const NO_PROGRAMS: readonly string[] = ['--no-ext-diff', '--no-textconv', '--no-color'];
