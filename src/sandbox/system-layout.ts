import { lstatSync, readlinkSync } from 'node:fs';
import { sep } from 'node:path';

/** What of this machine's system a sandbox shows, found out once. */
export interface SystemLayout {
  /** Folders and files bound read-only at their own path. */
  readOnly: string[];
  /** Links made as they are on this machine: target by path. */
  links: Record<string, string>;
  /** Folders among the read-only ones that are covered with an empty one. */
  covered: string[];
}

/** The programs and libraries, and of /etc what programs need to start and to check certificates: no secrets, no hosts. */
const FOLDERS = ['/usr', '/bin', '/sbin', '/lib', '/lib64', '/lib32', '/libx32'];
const CONFIGURATION = [
  '/etc/alternatives',
  '/etc/ca-certificates.conf',
  '/etc/ld.so.cache',
  '/etc/ld.so.conf',
  '/etc/ld.so.conf.d',
  '/etc/localtime',
  '/etc/pki/ca-trust/extracted',
  '/etc/pki/tls/certs',
  '/etc/ssl/cert.pem',
  '/etc/ssl/certs',
  '/etc/ssl/openssl.cnf',
];
/** Under /usr, but not the system's: people keep their own things here. */
const NOT_SYSTEM = ['/usr/src', '/usr/local/src', '/usr/home'];

/**
 * Reads which system folders this machine has.
 *
 * @param hidden folders of ours that must not be seen even where they lie in a system folder
 */
export function readSystemLayout(hidden: readonly string[] = []): SystemLayout {
  const layout: SystemLayout = { readOnly: [], links: {}, covered: [] };
  for (const path of [...FOLDERS, ...CONFIGURATION]) {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (!found) continue;
    if (found.isSymbolicLink() && FOLDERS.includes(path)) layout.links[path] = readlinkSync(path);
    else layout.readOnly.push(path);
  }
  layout.covered = [...NOT_SYSTEM, ...hidden].filter(
    (path) =>
      layout.readOnly.some((folder) => path.startsWith(folder + sep)) &&
      lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true,
  );
  return layout;
}
