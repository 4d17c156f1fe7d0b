import { stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { GatehouseError } from '../domain/errors';
import { kindOfRepository } from '../domain/repository';
import { visibleText } from '../domain/visible-text';
import { hostGit } from '../tools/host-git';
import { requireOwnContent } from '../tools/source-repository';

/**
 * Refuses a repository that no run could clone, before a run starts. Of a URL only its form is looked at: the sandbox
 * host is the one that must reach it.
 *
 * @param repo absolute path, or URL
 * @throws GatehouseError `repository-unavailable`
 */
export async function requireRepository(repo: string): Promise<void> {
  const shown = visibleText(repo, 200);
  const kind = kindOfRepository(repo);
  if (kind === 'https') return;
  if (kind === 'unsupported')
    throw unavailable(
      `the repository \`${shown}\` is neither a folder nor an \`https\` URL, which is all that is cloned`,
    );
  if (!isAbsolute(repo))
    throw unavailable(`the repository \`${shown}\` is neither an absolute path nor a URL`);
  const found = await stat(repo).catch(() => null);
  if (!found) throw unavailable(`there is nothing at \`${shown}\`; name the folder of a git repository`);
  if (!found.isDirectory()) throw unavailable(`\`${shown}\` is a file; name the folder of a git repository`);
  const inside = await hostGit(repo, ['rev-parse', '--git-dir'], ALONE).catch((cause: unknown) => {
    throw unavailable('`git` could not be started; install it', cause);
  });
  if (inside.exitCode !== 0)
    throw unavailable(
      `\`${shown}\` is not a git repository; run \`git init\` in it and commit, or name another`,
    );
  await requireOwnContent(repo);
  const head = await hostGit(repo, ['rev-parse', '--verify', '--quiet', 'HEAD'], ALONE);
  if (head.exitCode !== 0) throw unavailable(`the repository \`${shown}\` has no commit yet`);
  const whole = await hostGit(repo, ['cat-file', '-e', 'HEAD^{tree}'], ALONE);
  if (whole.exitCode !== 0)
    throw unavailable(`the repository \`${shown}\` is damaged; \`git fsck\` in it says where`, whole.stderr);
}

/** What a repository lacks is fetched from nowhere: it would name the program that does. An older git knows only this way. */
const ALONE = { GIT_ALLOW_PROTOCOL: 'none' };

function unavailable(message: string, cause?: unknown): GatehouseError {
  return new GatehouseError('repository-unavailable', message, { cause });
}
