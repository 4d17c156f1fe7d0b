import { GatehouseError } from '../domain/errors';
import { findProgram, type HostEnvironment, type Progress, runToEnd } from './programs';

export interface DependencyReport {
  /** The package's name, as package managers know it. */
  name: string;
  program: string;
  neededFor: string;
  /** Its first line of `--version`, or `null` when it is not on PATH. */
  version: string | null;
  /** What keeps an installed program from doing its work, or `null`. */
  problem: string | null;
}

export interface InstallOptions {
  environment: HostEnvironment;
  progress: Progress;
  /** `yes`: install without asking (`--yes`, `CI=true`). `ask`: a person is at the terminal. `no`: never. */
  consent: 'yes' | 'ask' | 'no';
  /** Asks a person; only called with consent `ask`. */
  confirm: (question: string) => Promise<boolean>;
  /** @default whether this process is root */
  isRoot?: boolean;
  /** The tests need more than a run does. @default 'run' */
  purpose?: Purpose;
}

export type Purpose = 'run' | 'tests';

/** The programs needed that npm does not bring, in the order given here; none is started but for its version. */
export function checkDependencies(
  environment: HostEnvironment,
  purpose: Purpose = 'run',
): Promise<DependencyReport[]> {
  return Promise.all(
    (purpose === 'tests' ? [...dependencies, ...ofTests] : dependencies)
      .filter(({ platforms }) => platforms.includes(process.platform))
      .map(async ({ name, program, neededFor, probe }) => {
        const path = await findProgram(program, environment);
        if (path === null) return { name, program, neededFor, version: null, problem: null };
        const [version, problem] = await Promise.all([
          versionOf(path, environment),
          probe(path, environment),
        ]);
        return { name, program, neededFor, version, problem };
      }),
  );
}

/**
 * Makes sure all dependencies are there: installs missing ones with apt when that is possible and consented to, else
 * throws `dependencies-missing` with the one command to run. A program that is there but cannot work is
 * `dependency-broken`.
 */
export async function installDependencies(options: InstallOptions): Promise<void> {
  const { environment, progress, purpose } = options;
  const missing = missingNames(await checkDependencies(environment, purpose));
  if (missing.length > 0) {
    const command = await installCommand(missing, environment, options.isRoot);
    if (!(await mayInstall(missing, command, options))) throw missingError(missing, command);
    progress(`installing ${missing.join(', ')}`);
    const apt = (...args: string[]) =>
      runToEnd('apt-get', args, { environment: { ...environment, DEBIAN_FRONTEND: 'noninteractive' } });
    // Package lists may be old or absent; when they cannot be had, what is known may still do.
    await apt('update');
    const { output } = await apt('install', '-y', '--no-install-recommends', ...missing);
    const stillMissing = missingNames(await checkDependencies(environment, purpose));
    if (stillMissing.length > 0) throw missingError(stillMissing, command, output);
  }
  const broken = (await checkDependencies(environment, purpose)).find(({ problem }) => problem !== null);
  if (broken !== undefined) {
    throw new GatehouseError('dependency-broken', `\`${broken.program}\` does not work: ${broken.problem}`);
  }
}

/** The one command that installs these packages with the package manager found on PATH. */
export async function installCommand(
  names: readonly string[],
  environment: HostEnvironment,
  isRoot = process.getuid?.() === 0,
): Promise<string> {
  const list = names.join(' ');
  for (const [manager, command] of Object.entries(packageManagers)) {
    if ((await findProgram(manager, environment)) === null) continue;
    const sudo = manager === 'brew' || isRoot ? '' : 'sudo ';
    return [...command.slice(0, -1), `${command.at(-1)} ${list}`].map((step) => sudo + step).join(' && ');
  }
  return `install ${list} with your package manager`;
}

const packageManagers = {
  'apt-get': ['apt-get update', 'apt-get install -y --no-install-recommends'],
  dnf: ['dnf install -y'],
  pacman: ['pacman -S --noconfirm'],
  zypper: ['zypper install -y'],
  apk: ['apk add'],
  brew: ['brew install'],
};

interface Dependency {
  name: string;
  program: string;
  neededFor: string;
  platforms: NodeJS.Platform[];
  probe: (path: string, environment: HostEnvironment) => Promise<string | null>;
}

const dependencies: Dependency[] = [
  {
    name: 'bubblewrap',
    program: 'bwrap',
    neededFor: 'the sandbox around every tool',
    platforms: ['linux'],
    probe: probeSandbox,
  },
  {
    name: 'socat',
    program: 'socat',
    neededFor: "the sandbox's network rules",
    platforms: ['linux'],
    probe: async () => null,
  },
  {
    name: 'ripgrep',
    program: 'rg',
    neededFor: 'searching in a workspace',
    platforms: ['linux', 'darwin'],
    probe: async () => null,
  },
  {
    name: 'git',
    program: 'git',
    neededFor: 'workspaces and pull requests',
    platforms: ['linux', 'darwin'],
    probe: async () => null,
  },
];

const ofTests: Dependency[] = [
  {
    name: 'chromium',
    program: 'chromium',
    neededFor: 'the tests of the console',
    platforms: ['linux', 'darwin'],
    probe: async () => null,
  },
];

// Being installed is not enough: containers and some systems forbid the namespaces it is made of.
async function probeSandbox(path: string, environment: HostEnvironment): Promise<string | null> {
  const args = [
    '--unshare-all',
    '--ro-bind',
    '/',
    '/',
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    '/bin/sh',
    '-c',
    ':',
  ];
  const { exitCode, output } = await runToEnd(path, args, { environment, timeoutMs: 10_000 });
  if (exitCode === 0) return null;
  const said = output.trim().split('\n').at(-1)?.slice(0, 200) ?? '';
  return `it cannot make a sandbox here (${said}): allow user namespaces, or in a container start it with \`--security-opt seccomp=unconfined\` or \`--privileged\``;
}

async function versionOf(path: string, environment: HostEnvironment): Promise<string> {
  const flag = path.endsWith('socat') ? '-V' : '--version';
  const { output } = await runToEnd(path, [flag], { environment, timeoutMs: 10_000 });
  const lines = output.split('\n');
  return (lines.find((line) => /\d+\.\d+/.test(line)) ?? lines[0] ?? '').trim().slice(0, 100);
}

async function mayInstall(
  missing: string[],
  command: string,
  { consent, confirm, environment, isRoot = process.getuid?.() === 0 }: InstallOptions,
): Promise<boolean> {
  if (!isRoot || (await findProgram('apt-get', environment)) === null) return false;
  switch (consent) {
    case 'yes':
      return true;
    case 'no':
      return false;
    case 'ask':
      return confirm(
        `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing. Run \`${command}\`?`,
      );
  }
}

function missingNames(reports: DependencyReport[]): string[] {
  return reports.filter(({ version }) => version === null).map(({ name }) => name);
}

function missingError(missing: string[], command: string, cause?: string): GatehouseError {
  return new GatehouseError(
    'dependencies-missing',
    `${missing.map((name) => `\`${name}\``).join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing: run \`${command}\``,
    { cause },
  );
}
