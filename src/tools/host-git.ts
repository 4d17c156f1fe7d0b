import { spawn } from 'node:child_process';
import { GIT_ENVIRONMENT, GIT_OPTIONS } from './git-command';

export interface GitResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/**
 * Runs git outside the sandbox, with the same switches as inside: on bare repositories of our own, and to look at or copy
 * a folder that a person names, in which it fetches nothing that is missing.
 *
 * @param folder working directory
 */
export function hostGit(
  folder: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<GitResult> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', [...GIT_OPTIONS, ...args], {
      cwd: folder,
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', ...GIT_ENVIRONMENT, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({
        exitCode: code ?? 128,
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
      }),
    );
  });
}
