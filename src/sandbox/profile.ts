import { dirname, join } from 'node:path';
import type { Effect } from '../domain/effect';
import { effects } from '../domain/effect';
import type { SystemLayout } from './system-layout';

/** Where things are seen inside a sandbox. */
export const INSIDE = {
  workspace: '/workspace',
  home: '/home/agent',
  /** Socket of the proxy, present only where there is one. */
  egress: '/run/gatehouse/egress.sock',
  /** Certificates to trust, present only where the proxy speaks for a host. */
  trust: '/run/gatehouse/certificates.pem',
  /** Socket on which people are asked, and the client for it, present only for programs that may ask. */
  questions: '/run/gatehouse/ask.sock',
  client: '/run/gatehouse/bin/ask-user',
  path: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
} as const;

/** A further folder of the host, for our own commands only; never from a tool. */
export interface Bind {
  source: string;
  target: string;
  isWritable: boolean;
}

/** What decides a profile. All paths are the host's. */
export interface ProfileInput {
  effect: Effect;
  /** Null for calls without one. */
  workspace: string | null;
  /** Whether the workspace has its `.git` yet; without, there is nothing to guard. @default true */
  hasGit?: boolean;
  writesGit?: boolean;
  /** Bare repository of the local forge, reached when the command asks and the effect is `draft` or above. */
  forge?: string | null;
  reachesForge?: boolean;
  /** Socket of the proxy that leads out. */
  egress?: string | null;
  /** File of certificates to trust. */
  trust?: string | null;
  /** Socket on which people are asked. */
  questions?: string | null;
  binds?: readonly Bind[];
  /** Relative to the workspace. @default '.' */
  cwd?: string;
  env?: Record<string, string>;
}

/** What this machine can do and has. */
export interface ProfileHost {
  system: SystemLayout;
  /** Folder of the synthetic files of /etc. */
  etc: string;
  /** `closed`: own user namespace, and no further ones inside; `none`: only where the kernel gives none. */
  userNamespace: 'closed' | 'open' | 'none';
}

/**
 * The bubblewrap arguments, up to the command, that confine a call of this effect. It starts from nothing and adds:
 * what is not named here does not exist inside.
 */
export function profileOf(input: ProfileInput, host: ProfileHost): string[] {
  return [
    ...namespaces(host),
    ...system(host),
    ...workspace(input),
    ...forge(input),
    ...(input.binds ?? []).flatMap(bind),
    ...(input.egress ? ['--ro-bind', input.egress, INSIDE.egress] : []),
    ...(input.trust ? ['--ro-bind', input.trust, INSIDE.trust] : []),
    ...(input.questions
      ? ['--ro-bind', input.questions, INSIDE.questions, '--ro-bind', CLIENT, INSIDE.client]
      : []),
    ...environment(input),
    // INVARIANT: last, when all places to mount at have been made. /proc is read-only because to root of the host, whose
    // id stays root's behind the mapping, /proc/sys would be writable.
    ...['/proc', '/dev', '/'].flatMap((path) => ['--remount-ro', path]),
    '--chdir',
    input.workspace === null ? INSIDE.home : join(INSIDE.workspace, input.cwd ?? '.'),
  ];
}

/** Whether a profile may write to the workspace. */
export function isWriting(effect: Effect): boolean {
  return effects.indexOf(effect) >= effects.indexOf('draft');
}

/** Whether a profile may reach the agent's hosts. */
export function reachesNetwork(effect: Effect): boolean {
  return effects.indexOf(effect) >= effects.indexOf('sandbox');
}

function namespaces({ userNamespace }: ProfileHost): string[] {
  const users = {
    closed: ['--unshare-user', '--disable-userns', '--uid', '1000', '--gid', '1000'],
    open: ['--unshare-user', '--uid', '1000', '--gid', '1000'],
    none: [],
  }[userNamespace];
  const others = ['ipc', 'pid', 'net', 'cgroup'].map((kind) => `--unshare-${kind}`);
  return [...users, ...others, '--die-with-parent', '--new-session', '--cap-drop', 'ALL', '--clearenv'];
}

function system({ system: { readOnly, links, covered }, etc }: ProfileHost): string[] {
  return [
    ...readOnly.flatMap((path) => ['--ro-bind', path, path]),
    ...Object.entries(links).flatMap(([path, target]) => ['--symlink', target, path]),
    ...['passwd', 'group', 'hosts', 'nsswitch.conf'].flatMap((file) => [
      '--ro-bind',
      join(etc, file),
      `/etc/${file}`,
    ]),
    ...covered.flatMap((path) => ['--tmpfs', path, '--remount-ro', path]),
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    ...temporary('/dev/shm', 64),
    ...temporary('/tmp', 512),
    ...temporary(INSIDE.home, 64),
  ];
}

function workspace({ effect, workspace: path, hasGit = true, writesGit }: ProfileInput): string[] {
  if (path === null) return [];
  if (!isWriting(effect)) return ['--ro-bind', path, INSIDE.workspace];
  const whole = ['--bind', path, INSIDE.workspace];
  return hasGit
    ? [...whole, ...guardedGit(join(path, '.git'), join(INSIDE.workspace, '.git'), writesGit ?? false)]
    : whole;
}

function forge({ effect, forge: path, reachesForge }: ProfileInput): string[] {
  if (!path || !reachesForge || !isWriting(effect)) return [];
  // At its own path, which is what the forge's URL names.
  return guardedGit(path, path, true);
}

/**
 * A git folder whose `config` and `hooks` nobody inside can change: they name programs that git starts. Each is a mount
 * of its own, the folder too, because a mount cannot be renamed or removed.
 */
function guardedGit(source: string, target: string, isWritable: boolean): string[] {
  if (!isWritable) return ['--ro-bind', source, target];
  return [
    '--bind',
    source,
    target,
    '--ro-bind',
    join(source, 'config'),
    join(target, 'config'),
    '--ro-bind-try',
    join(source, 'hooks'),
    join(target, 'hooks'),
  ];
}

function bind({ source, target, isWritable }: Bind): string[] {
  return [isWritable ? '--bind' : '--ro-bind', source, target];
}

function temporary(path: string, megabytes: number): string[] {
  return ['--size', String(megabytes * 1024 * 1024), '--tmpfs', path];
}

function environment(input: ProfileInput): string[] {
  const proxy: Record<string, string> = input.egress ? PROXY_ENVIRONMENT : {};
  const trust = input.trust ? Object.fromEntries(TRUST_VARIABLES.map((name) => [name, INSIDE.trust])) : {};
  const questions = input.questions
    ? { GATEHOUSE_SOCKET: INSIDE.questions, PATH: `${INSIDE.path}:${dirname(INSIDE.client)}` }
    : {};
  const variables = {
    ...BASE_ENVIRONMENT,
    ...input.env,
    PATH: INSIDE.path,
    ...proxy,
    ...trust,
    ...questions,
  };
  return Object.entries(variables).flatMap(([name, value]) => ['--setenv', name, value]);
}

const CLIENT = join(__dirname, '../client/ask-user.js');

/** Port inside the sandbox at which programs find the proxy. */
export const PROXY_PORT = 3128;
const PROXY = `http://127.0.0.1:${PROXY_PORT}`;
const PROXY_ENVIRONMENT = {
  HTTP_PROXY: PROXY,
  HTTPS_PROXY: PROXY,
  http_proxy: PROXY,
  https_proxy: PROXY,
  ALL_PROXY: PROXY,
  NO_PROXY: '',
  no_proxy: '',
};

/** Where programs of many kinds look for the certificates they trust. */
const TRUST_VARIABLES = [
  'SSL_CERT_FILE',
  'NODE_EXTRA_CA_CERTS',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  'REQUESTS_CA_BUNDLE',
  'PIP_CERT',
  'AWS_CA_BUNDLE',
  'CARGO_HTTP_CAINFO',
  'DENO_CERT',
  'CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE',
];

/** For every git that anything inside starts: nothing the repository or the machine says decides what runs. */
const GIT_CONFIGURATION = {
  'core.hooksPath': '/dev/null',
  'core.fsmonitor': 'false',
  'core.attributesFile': '/dev/null',
  'protocol.ext.allow': 'never',
  'gc.auto': '0',
  'safe.directory': '*',
};

const BASE_ENVIRONMENT: Record<string, string> = {
  PATH: INSIDE.path,
  HOME: INSIDE.home,
  USER: 'agent',
  LOGNAME: 'agent',
  TMPDIR: '/tmp',
  LANG: 'C.UTF-8',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_AUTHOR_NAME: 'Gatehouse agent',
  GIT_AUTHOR_EMAIL: 'agent@gatehouse.invalid',
  GIT_COMMITTER_NAME: 'Gatehouse agent',
  GIT_COMMITTER_EMAIL: 'agent@gatehouse.invalid',
  GIT_CONFIG_COUNT: String(Object.keys(GIT_CONFIGURATION).length),
  ...Object.fromEntries(
    Object.entries(GIT_CONFIGURATION).flatMap(([key, value], index) => [
      [`GIT_CONFIG_KEY_${index}`, key],
      [`GIT_CONFIG_VALUE_${index}`, value],
    ]),
  ),
};
