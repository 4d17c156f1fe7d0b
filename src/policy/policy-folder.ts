import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { GatehouseError } from '../domain/errors';
import type { CustomPolicy } from '../domain/policy';
import { type PolicyFile, parsePolicy } from './policy-file';
import { readText } from './read-text';

/** A policy file with where it stands. */
export interface FiledPolicy extends PolicyFile {
  /** As messages name it: the folder as it was given, and the name. */
  file: string;
  /** Line of the file on which `content` begins, from 1. */
  firstLine: number;
}

const CODE = 'policy-file-invalid';

/**
 * Reads the policy files of a folder, its `*.md` in the order of their names, or one file. A `README.md` without front
 * matter is no policy.
 *
 * @throws GatehouseError `policy-file-invalid`, naming file and line of every problem; `policy-folder-invalid`
 */
export function readPolicyFolder(folder: string): FiledPolicy[] {
  const policies: FiledPolicy[] = [];
  const problems: string[] = [];
  for (const file of policyFiles(folder)) {
    try {
      policies.push(readFiledPolicy(file));
    } catch (error) {
      if (!(error instanceof GatehouseError)) throw error;
      problems.push(error.message);
    }
  }
  if (problems.length > 0) throw new GatehouseError(CODE, problems.join('; '));
  const [twice] = sameNames(policies);
  if (twice)
    throw new GatehouseError(
      CODE,
      `${twice.file}: the policy \`${twice.name}\` has the name of the one in ${twice.first}; give it another`,
    );
  return policies;
}

/** Paths of the policy files of a folder, or the one file that was given. @throws GatehouseError `policy-folder-invalid` */
export function policyFiles(folder: string): string[] {
  const refuse = (why: string, cause?: unknown) =>
    new GatehouseError('policy-folder-invalid', `${folder}: ${why}`, { cause });
  let names: string[];
  try {
    if (!statSync(folder).isDirectory()) return [folder];
    names = readdirSync(folder);
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw refuse(isMissing ? 'there is no such folder of policies' : 'the folder cannot be read', cause);
  }
  const files = names
    .filter((name) => name.toLowerCase().endsWith('.md'))
    .sort()
    .map((name) => path.join(folder, name))
    .filter((file) => path.basename(file).toLowerCase() !== 'readme.md' || hasFrontMatter(file));
  if (files.length === 0) throw refuse('holds no policy file (`*.md`)');
  return files;
}

/** Reads one policy file of a folder. @throws GatehouseError `policy-file-invalid` */
export function readFiledPolicy(file: string): FiledPolicy {
  const text = readText(file, { what: 'a policy file', code: CODE });
  const policy = parsePolicy(text, file);
  const head = text.slice(0, text.length - policy.content.length);
  return { ...policy, file, firstLine: head.split('\n').length };
}

/** Policies with the name of an earlier one. */
export function sameNames(policies: readonly FiledPolicy[]): { name: string; file: string; first: string }[] {
  const files = new Map<string, string>();
  return policies.flatMap(({ name, file }) => {
    const first = files.get(name);
    if (first !== undefined) return [{ name, file, first }];
    files.set(name, file);
    return [];
  });
}

/** As if they were published: what judges them asks for nothing but their content. */
export function asPublished(policies: readonly PolicyFile[], organizationId: string): CustomPolicy[] {
  return policies.map(({ name, version, content }) => ({
    id: name,
    name,
    version,
    content,
    isActive: true,
    organizationId,
  }));
}

function hasFrontMatter(file: string): boolean {
  return /^\uFEFF?---[ \t]*\r?\n/.test(readText(file, { what: 'a policy file', code: CODE }));
}
