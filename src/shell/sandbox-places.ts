/** Where a command finds itself: the same as src/sandbox/profile.ts, which a test compares. */
export const WORKSPACE = '/workspace';
export const HOME = '/home/agent';
export const SCRATCH = '/tmp';

/** Variables of the sandbox that every command sees; all others are unknown. */
export const SANDBOX_VARIABLES: Readonly<Record<string, string>> = {
  HOME,
  USER: 'agent',
  LOGNAME: 'agent',
  TMPDIR: SCRATCH,
  IFS: ' \t\n',
};
