import { z } from 'zod';
import type { Finding } from '../domain/decision';
import { defineTool } from './define-tool';
import { git } from './git-command';
import { failed, failureOf, succeeded } from './output';
import { pathsInPatch } from './patch-paths';
import { judgePaths, workspacePath } from './paths';
import type { ToolContext } from './tool';

const parameters = z.strictObject({
  patch: z.string().min(1).max(900_000).describe('A unified diff with `a/` and `b/` before the paths.'),
});

/** Applies a unified diff to the workspace, whole or not at all. */
export const applyPatch = defineTool<z.infer<typeof parameters>>({
  name: 'apply-patch',
  description: 'Apply a unified diff to the workspace. It applies whole or not at all.',
  parameters,
  judge(args, context) {
    const touched = pathsInPatch(args.patch);
    if (touched.ok) {
      const judged = judgePaths('draft', touched.paths, context);
      return touched.makesLink ? { ...judged, findings: [...(judged.findings ?? []), LINK] } : judged;
    }
    const message = `the patch cannot be read: line ${touched.line}: ${touched.reason}`;
    return {
      effect: 'draft',
      marks: [],
      findings: [{ verdict: 'deny', layer: 'tools', rule: 'patch-unreadable', message }],
    };
  },
  sensitive: [],
  idempotent: false,
  async run(args, context) {
    const touched = pathsInPatch(args.patch);
    if (!touched.ok) return failed(`the patch cannot be read: line ${touched.line}: ${touched.reason}`);
    const judged = new Set(touched.paths.map(workspacePath));
    const counted = await apply(context, args.patch, ['--numstat', '-z']);
    if (counted.exitCode !== 0) return failureOf(counted, 'the patch does not apply');
    const stranger = filesCounted(counted.stdout).find((file) => !judged.has(file));
    if (stranger !== undefined)
      return failed(`the patch changes \`${stranger}\`, which its headers do not name plainly`);
    const checked = await apply(context, args.patch, ['--check']);
    if (checked.exitCode !== 0) return failureOf(checked, 'the patch does not apply');
    const applied = await apply(context, args.patch, []);
    if (applied.exitCode !== 0) return failureOf(applied, 'the patch does not apply');
    return succeeded(`patched ${[...judged].join(', ')}`);
  },
  async reconcile(args, context) {
    const undone = await apply(context, args.patch, ['--check', '--reverse']);
    if (undone.exitCode === 0) return { kind: 'finished', output: succeeded('the patch is applied') };
    const open = await apply(context, args.patch, ['--check']);
    return open.exitCode === 0 ? { kind: 'not-started' } : { kind: 'unknown' };
  },
});

/** What a link leads to is read and written under its name. */
const LINK: Finding = {
  verdict: 'ask',
  layer: 'tools',
  rule: 'patch-link',
  message: 'the patch makes a symbolic link, through which later calls reach what it points to',
};

function apply(context: ToolContext, patch: string, options: string[]) {
  const stdin = patch.endsWith('\n') ? patch : `${patch}\n`;
  return git(context, ['apply', '--whitespace=nowarn', ...options, '-'], { stdin });
}

/** `added TAB removed TAB path NUL`, and for a move `added TAB removed TAB NUL from NUL to NUL`. */
function filesCounted(output: string): string[] {
  return output
    .split('\0')
    .map((record) => record.replace(/^(?:\d+|-)\t(?:\d+|-)\t/, ''))
    .filter((file) => file !== '');
}
