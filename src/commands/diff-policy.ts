import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';
import { GatehouseError } from '../domain/errors';
import type { FiledPolicy } from '../policy/policy-folder';
import type { PolicyVersion } from '../store/policy-store';
import type { CommandDependencies } from './dependencies';
import { versionOf } from './policy-version';

/** Two texts of one policy. */
export interface PolicyDifference {
  name: string;
  from: PolicyText;
  to: PolicyText;
  /** Unified; empty where the texts are the same. */
  patch: string;
}

export interface PolicyText {
  /** Null for a file, whatever version it says. */
  version: number | null;
  /** Null for a stored version. */
  file: string | null;
  content: string;
}

export interface DiffRequest {
  /** @default the version before `to`; of a file, the latest */
  from?: number;
  /** @default the latest version */
  to?: number;
}

type Dependencies = Pick<CommandDependencies, 'organizationId' | 'policies'>;

/**
 * How two stored versions of a policy differ.
 *
 * @throws GatehouseError `policy-unknown`, `policy-version-unknown`, `policy-diff-too-large`
 */
export const createDiffPolicy =
  ({ organizationId, policies }: Dependencies) =>
  async (name: string, { from, to }: DiffRequest = {}): Promise<PolicyDifference> => {
    const versions = await policies.history(organizationId, name);
    const after = to === undefined ? versions[0]! : versionOf(name, versions, to);
    const before =
      from === undefined
        ? versions.find(({ version }) => version < after.version)
        : versionOf(name, versions, from);
    if (!before)
      throw new GatehouseError(
        'policy-version-unknown',
        `policy \`${name}\` has no version before ${after.version}, so there is none to compare it with`,
      );
    return difference(name, storedText(before), storedText(after));
  };

/**
 * How a policy file differs from a stored version of the policy of its name.
 *
 * @throws GatehouseError `policy-unknown`, `policy-version-unknown`, `policy-diff-too-large`
 */
export const createDiffPolicyFile =
  ({ organizationId, policies }: Dependencies) =>
  async ({ name, file, content }: FiledPolicy, { from }: Pick<DiffRequest, 'from'> = {}) => {
    const versions = await policies.history(organizationId, name);
    const before = from === undefined ? versions[0]! : versionOf(name, versions, from);
    return difference(name, storedText(before), { version: null, file, content });
  };

/** Longest time that the search for the smallest difference may take, in milliseconds. */
const TIMEOUT_MS = 2_000;

/** @throws GatehouseError `policy-diff-too-large` */
function difference(name: string, from: PolicyText, to: PolicyText): PolicyDifference {
  if (from.content === to.content) return { name, from, to, patch: '' };
  const titles = [titleOf(name, from), titleOf(name, to)] as const;
  const patch = createTwoFilesPatch(...titles, from.content, to.content, undefined, undefined, {
    headerOptions: FILE_HEADERS_ONLY,
    timeout: TIMEOUT_MS,
  });
  if (patch === undefined)
    throw new GatehouseError(
      'policy-diff-too-large',
      `\`${titles[0]}\` and \`${titles[1]}\` are too long and have too little in common to be compared line by line`,
    );
  return { name, from, to, patch };
}

function storedText({ version, content }: PolicyVersion): PolicyText {
  return { version, file: null, content };
}

function titleOf(name: string, { version, file }: PolicyText): string {
  return file ?? `${name}, version ${version}`;
}
