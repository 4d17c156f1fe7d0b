import { z } from 'zod';
import type { Finding } from '../domain/decision';
import type { Judgement } from '../domain/judgement';
import { visibleText } from '../domain/visible-text';
import { defineTool } from './define-tool';
import { git } from './git-command';
import { failed, failureOf, succeeded } from './output';
import { judgePaths, pathArgument, workspacePath } from './paths';
import { branchArgument, protectingBranchPattern } from './refs';
import { runScript } from './shell';
import type { Tool, ToolContext } from './tool';

const AUTHOR = { name: 'Gatehouse agent', email: 'agent@gatehouse.invalid' };

const COMMIT = ['commit', '--quiet', '--no-verify', '--cleanup=whitespace', '--file=-'];

/** Names the call in the commit, for auditors and for finding out whether a broken-off commit was made. */
const TRAILER = 'Gatehouse-Call';

const commitParameters = z.strictObject({
  message: z.string().trim().min(1).max(10_000).describe('Commit message: a subject line, then a body.'),
  paths: z
    .array(pathArgument)
    .min(1)
    .max(500)
    .optional()
    .describe('Files and folders to commit; absent means every change.'),
});

/** Commits changes on the run's own branch. */
export const gitCommit = defineTool<z.infer<typeof commitParameters>>({
  name: 'git-commit',
  description: 'Commit changes of the workspace: the given paths, or everything that changed.',
  parameters: commitParameters,
  judge: (args, context) => judgePaths('draft', args.paths ?? [], context),
  sensitive: [],
  idempotent: false,
  async run(args, context) {
    const paths = (args.paths ?? ['.']).map(workspacePath);
    const added = await git(context, ['add', '--all', '--', ...paths], { writesGit: true });
    if (added.exitCode !== 0) return failureOf(added, 'cannot add the changes');
    const staged = await git(context, ['diff', '--cached', '--quiet', '--no-ext-diff', '--', ...paths]);
    if (staged.exitCode === 0) return failed('nothing to commit: no changes in the given paths');
    const held = await context.credentialsIn('staged');
    if (held.length > 0) {
      await git(context, ['reset', '--quiet', '--', ...paths], { writesGit: true });
      return failed(`not committed: ${holding(held)}; take it out, or have git ignore it`);
    }
    const committed = await git(
      context,
      // Paths make git look at their files again, and at a submodule that was not cloned it stops.
      [...COMMIT, ...(args.paths ? ['--', ...paths] : [])],
      { writesGit: true, stdin: `${args.message}\n\n${trailerOf(context)}\n`, env: identity() },
    );
    if (committed.exitCode !== 0) return failureOf(committed, 'cannot commit');
    const made = await git(context, [
      'show',
      '--no-ext-diff',
      '--stat=120',
      '--pretty=format:%h %s%n',
      'HEAD',
    ]);
    return succeeded(`committed ${made.stdout.trim()}`);
  },
  async reconcile(_args, context) {
    // Whoever held the lock is gone: the sandbox kills its programs with itself.
    await runScript(context, 'rm -f .git/index.lock', [], { writesGit: true });
    const last = await git(context, ['log', '--max-count=1', '--pretty=format:%h %s%n%B', 'HEAD']);
    if (last.exitCode !== 0) return { kind: 'unknown' };
    if (!last.stdout.includes(trailerOf(context))) return { kind: 'not-started' };
    return { kind: 'finished', output: succeeded(`committed ${last.stdout.split('\n')[0]}`) };
  },
});

const pushParameters = z.strictObject({
  branch: branchArgument
    .optional()
    .describe("Branch on the remote; absent means the run's own branch, which is nearly always right."),
  force: z.boolean().default(false).describe('Whether to replace what the branch holds.'),
});
type Push = z.infer<typeof pushParameters>;

/** Pushes what is committed to the forge. */
export const gitPush: Tool = defineTool<Push>({
  name: 'git-push',
  description:
    "Push the commits to the run's own branch. Protected branches such as main are always refused.",
  parameters: pushParameters,
  judge: judgePush,
  sensitive: ['branch'],
  idempotent: true,
  isTreeJudged: true,
  async run(args, context) {
    const branch = args.branch ?? context.branch;
    const protectedBy = await protection(branch, context);
    if (protectedBy !== null)
      return failed(
        `will not push to \`${branch}\`: it is protected (\`${protectedBy}\`); push your own branch`,
      );
    const held = await context.credentialsIn('unpushed');
    if (held.length > 0)
      return failed(
        `not pushed: in the commits ${holding(held)}; make the commits again without it, from where the branch began`,
      );
    const result = await git(
      context,
      [
        'push',
        '--porcelain',
        '--no-verify',
        ...(args.force ? ['--force'] : []),
        '--',
        context.forge.remoteUrl(context.runId),
        `HEAD:refs/heads/${branch}`,
      ],
      { reachesForge: true },
    );
    if (result.exitCode !== 0)
      return failed(pushFailure(result.stdout, result.stderr), result.exitCode ?? undefined);
    const head = await git(context, ['rev-parse', '--short', 'HEAD']);
    const isUnchanged = /^=\t/m.test(result.stdout);
    return succeeded(
      isUnchanged ? `\`${branch}\` was up to date` : `pushed ${head.stdout.trim()} to \`${branch}\``,
    );
  },
  async reconcile(args, context) {
    const branch = args.branch ?? context.branch;
    const remote = await git(
      context,
      ['ls-remote', '--', context.forge.remoteUrl(context.runId), `refs/heads/${branch}`],
      { reachesForge: true },
    );
    const head = await git(context, ['rev-parse', 'HEAD']);
    if (remote.exitCode !== 0 || head.exitCode !== 0) return { kind: 'unknown' };
    const [there = ''] = remote.stdout.split('\t');
    if (there === head.stdout.trim())
      return { kind: 'finished', output: succeeded(`pushed ${there.slice(0, 12)} to \`${branch}\``) };
    if (there === '') return { kind: 'not-started' };
    // What a lost workspace had committed may be what is there now.
    const isBehind = await git(context, ['merge-base', '--is-ancestor', there, 'HEAD']);
    return isBehind.exitCode === 0 ? { kind: 'not-started' } : { kind: 'unknown' };
  },
});

function judgePush(
  args: Push,
  context: { branch: string; settings: { protectedBranches: string[] } },
): Judgement {
  const branch = args.branch ?? context.branch;
  const marks: Judgement['marks'] = args.force ? ['destructive'] : [];
  const findings: Finding[] = [];
  const pattern = protectingBranchPattern(branch, context.settings.protectedBranches);
  if (pattern !== null) {
    marks.push('catastrophic');
    findings.push({
      verdict: 'deny',
      layer: 'tools',
      rule: 'protected-branch',
      message: `\`${branch}\` is a protected branch (\`${pattern}\`); push your own branch \`${context.branch}\` and open a pull request`,
    });
  } else if (branch !== context.branch)
    findings.push({
      verdict: 'ask',
      layer: 'tools',
      rule: 'push-elsewhere',
      message: `\`${branch}\` is not the run's own branch \`${context.branch}\``,
    });
  return { effect: 'draft', marks, findings };
}

/** The remote's HEAD counts as protected too, and only running can know it. */
async function protection(branch: string, context: ToolContext): Promise<string | null> {
  const pattern = protectingBranchPattern(branch, context.settings.protectedBranches);
  if (pattern !== null) return pattern;
  const head = await context.forge.defaultBranch(context.runId);
  return protectingBranchPattern(branch, [head]);
}

/** git's own reason, without the address of the remote, which is nothing a model needs. */
function pushFailure(stdout: string, stderr: string): string {
  const rejected = stdout.split('\n').find((line) => line.startsWith('!'));
  const reason = rejected?.split('\t')[2] ?? stderr.split('\n').find((line) => line.startsWith('fatal:'));
  return `cannot push: ${reason ?? 'the forge refused or could not be reached'}`;
}

/** Names of files are the workspace's words. */
function holding(paths: readonly string[]): string {
  const listed = paths.slice(0, SHOWN_PATHS).map((path) => `\`${visibleText(path, 200)}\``);
  const more = paths.length - listed.length;
  return `${listed.join(', ')}${more > 0 ? ` and ${more} more` : ''} ${paths.length > 1 ? 'hold' : 'holds'} a credential of this run`;
}

const SHOWN_PATHS = 5;

function trailerOf(context: ToolContext): string {
  return `${TRAILER}: ${context.runId}/${context.callId}`;
}

function identity(): Record<string, string> {
  return {
    GIT_AUTHOR_NAME: AUTHOR.name,
    GIT_AUTHOR_EMAIL: AUTHOR.email,
    GIT_COMMITTER_NAME: AUTHOR.name,
    GIT_COMMITTER_EMAIL: AUTHOR.email,
  };
}
