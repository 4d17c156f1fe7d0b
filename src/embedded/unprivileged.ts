import { GatehouseError } from '../domain/errors';
import { findProgram, type HostEnvironment, runToEnd } from './programs';

/** Words to put before a command line. */
export type CommandPrefix = readonly string[];

/**
 * PostgreSQL refuses to run as root. For root this is a user namespace in which root's own files belong to another
 * user: no account has to be made, folders of mode 0700 under root's home work, and the process keeps its number.
 * Throws `postgres-as-root` where the system allows no user namespaces.
 */
export async function unprivilegedPrefix(environment: HostEnvironment): Promise<CommandPrefix> {
  if (process.getuid?.() !== 0) return [];
  const unshare = await findProgram('unshare', environment);
  if (unshare !== null) {
    const prefix = [unshare, '--user', '--map-user=1000', '--map-group=1000'];
    const { exitCode } = await runToEnd(unshare, [...prefix.slice(1), '/bin/sh', '-c', 'exit 0'], {
      environment,
      timeoutMs: 5_000,
    });
    if (exitCode === 0) return prefix;
  }
  throw new GatehouseError(
    'postgres-as-root',
    'PostgreSQL does not run as root and this system allows no user namespaces (`unshare --user` of util-linux 2.36 or newer): run as another user, allow user namespaces, or set `DATABASE_URL` to a database of your own',
  );
}
