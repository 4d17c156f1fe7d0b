import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Tool } from './tool';

/** Where sandboxed programs are looked up. */
const SYSTEM_FOLDERS = ['/usr/local/bin', '/usr/bin', '/bin'];

/**
 * The tools whose program is there: a model is not offered `terraform-plan` where Terraform is not installed. Runner and
 * sandbox hosts are expected to have the same programs; the sandbox says so in words where they differ.
 */
export function presentTools(tools: Iterable<Tool>, folders: readonly string[] = SYSTEM_FOLDERS): Tool[] {
  return [...tools].filter(
    ({ program }) => program === undefined || folders.some((folder) => existsSync(join(folder, program))),
  );
}
