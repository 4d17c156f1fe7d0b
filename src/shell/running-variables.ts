/**
 * What setting a variable means for programs that read it: `text`, it holds text that they give to a shell; `file`, it
 * names what they load or where they look for programs; null, neither.
 */
export function runningVariable(name: string): 'text' | 'file' | null {
  if (TEXTS.has(name)) return 'text';
  return FILES.has(name) || name.startsWith('BASH_FUNC_') ? 'file' : null;
}

const TEXTS = new Set([
  ...['PAGER', 'MANPAGER', 'GIT_PAGER', 'SYSTEMD_PAGER', 'BAT_PAGER', 'AWS_PAGER', 'GH_PAGER', 'PSQL_PAGER'],
  ...[
    'EDITOR',
    'VISUAL',
    'GIT_EDITOR',
    'GIT_SEQUENCE_EDITOR',
    'KUBE_EDITOR',
    'SUDO_EDITOR',
    'SYSTEMD_EDITOR',
  ],
  ...['GIT_SSH_COMMAND', 'GIT_EXTERNAL_DIFF', 'GIT_PROXY_COMMAND', 'RSYNC_RSH', 'CVS_RSH'],
  ...['PROMPT_COMMAND', 'BROWSER'],
]);

const FILES = new Set([
  ...['PATH', 'LD_PRELOAD', 'LD_LIBRARY_PATH', 'LD_AUDIT', 'DYLD_INSERT_LIBRARIES', 'DYLD_LIBRARY_PATH'],
  ...[
    'BASH_ENV',
    'ENV',
    'PS4',
    'PS0',
    'PS1',
    'SHELL',
    'LESSOPEN',
    'LESSCLOSE',
    'MANOPT',
    'LESS',
    'TAR_OPTIONS',
  ],
  ...['GIT_SSH', 'GIT_ASKPASS', 'SSH_ASKPASS', 'GIT_CONFIG_COUNT', 'GIT_EXEC_PATH', 'GIT_CONFIG_PARAMETERS'],
  ...['PYTHONSTARTUP', 'PYTHONPATH', 'PYTHONHOME', 'PERL5OPT', 'PERL5LIB', 'RUBYOPT', 'RUBYLIB'],
  ...['NODE_OPTIONS', 'NODE_PATH', 'JAVA_TOOL_OPTIONS', 'JDK_JAVA_OPTIONS', 'MAKEFLAGS', 'GREP_OPTIONS'],
]);
