import { execFile } from 'node:child_process';
import { access, constants, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** The variables of the user's own shell that the embedded stack looks at; handed in, never read here. */
export type HostEnvironment = Readonly<Record<string, string | undefined>>;

/** Takes one line a person may want to read while something takes longer than a second. */
export type Progress = (line: string) => void;

export interface Finished {
  /** -1 when the program could not be started or was killed. */
  exitCode: number;
  output: string;
}

/** The first executable file of that name on the PATH of `environment`, or `null`. */
export async function findProgram(name: string, environment: HostEnvironment): Promise<string | null> {
  for (const folder of (environment.PATH ?? '').split(delimiter)) {
    if (folder === '') continue;
    const candidate = join(folder, name);
    if (await isExecutableFile(candidate)) return candidate;
  }
  return null;
}

/** Runs a program to its end and returns its exit code with stdout and stderr together; never throws. */
export function runToEnd(
  program: string,
  args: readonly string[],
  options: { environment: HostEnvironment; timeoutMs?: number; workingDirectory?: string },
): Promise<Finished> {
  return new Promise((resolve) => {
    execFile(
      program,
      [...args],
      {
        env: definedOnly(options.environment),
        timeout: options.timeoutMs ?? 0,
        killSignal: 'SIGKILL',
        maxBuffer: 16 * 1024 * 1024,
        cwd: options.workingDirectory,
      },
      (error, stdout, stderr) => {
        const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ exitCode, output: `${stdout}${stderr}` || (error?.message ?? '') });
      },
    );
  });
}

/** Does `work`; when it takes over a second, says so once. */
export async function reportIfSlow<T>(progress: Progress, line: string, work: Promise<T>): Promise<T> {
  const timer = setTimeout(() => progress(line), 1_000);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}

export async function isExecutableFile(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

function definedOnly(environment: HostEnvironment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
