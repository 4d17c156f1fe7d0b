import { z } from 'zod';
import { parseStrictJson } from '../domain/canonical-json';
import { GatehouseError } from '../domain/errors';
import { defineTool } from './define-tool';
import { git } from './git-command';
import { parseHcl, type SyntaxProblem } from './hcl';
import { kubernetesResources } from './kubernetes-resources';
import { failed, outputOf, succeeded } from './output';
import { runScript } from './shell';
import { INIT_FAILED, runTerraformValidate } from './terraform';
import type { ToolContext, ToolOutput } from './tool';
import { readFilesBelow, type WorkspaceFile } from './workspace-files';

const ENDINGS = ['.tf', '.tfvars', '.yaml', '.yml', '.json'];

/** Checks the change before it is proposed. */
export const validate = defineTool({
  name: 'validate',
  description:
    "Check the changed files: with the repository's own check where one is set, else the syntax of Terraform, Kubernetes, YAML and JSON files, and `terraform validate`. Needed before create-pr.",
  parameters: z.strictObject({}),
  judge: () => ({ effect: 'draft', marks: [] }),
  sensitive: [],
  idempotent: true,
  mayAsk: true,
  async run(_args, context) {
    const command = context.settings.validate;
    if (command !== null && command.length > 0)
      return outputOf(await context.exec({ argv: command, timeoutMs: 600_000 }), 'the check passed');
    return checkFiles(context);
  },
});

async function checkFiles(context: ToolContext): Promise<ToolOutput> {
  const all = await readFilesBelow(context, '.', ENDINGS);
  if (!Array.isArray(all)) return all;
  const changed = await changedFiles(context);
  const files = changed === null ? all : all.filter(({ path }) => changed.has(path));
  if (files.length === 0)
    return succeeded('nothing to check: no Terraform, Kubernetes, YAML or JSON file changed');
  const checks = files.filter((file) => !isTemplate(file));
  const problems = (await Promise.all(checks.map(problemsOf))).flat();
  if (problems.length > 0)
    return failed(problems.map(({ file, line, message }) => `${file}:${line}: ${message}`).join('\n'), 1);
  const folders = [
    ...new Set(checks.filter(({ path }) => path.endsWith('.tf')).map(({ path }) => folderOf(path))),
  ];
  const terraform = await validateFolders(context, folders);
  const summary = `${checks.length} ${changed === null ? '' : 'changed '}files are well-formed: ${checks.map(({ path }) => path).join(', ')}`;
  return { ok: terraform.ok, text: [summary, ...terraform.notes].join('\n'), exitCode: terraform.ok ? 0 : 1 };
}

/** Changed since the branch left the remote's default one, uncommitted and new files included; null when unknown. */
async function changedFiles(context: ToolContext): Promise<Set<string> | null> {
  const base = await git(context, ['merge-base', 'HEAD', 'refs/remotes/origin/HEAD']);
  const from = base.exitCode === 0 ? base.stdout.trim() : 'HEAD';
  const diff = await git(context, ['diff', '--no-ext-diff', '--name-only', '--no-renames', '-z', from]);
  const fresh = await git(context, ['ls-files', '--others', '--exclude-standard', '-z']);
  if (diff.exitCode !== 0 || fresh.exitCode !== 0) return null;
  const names = `${diff.stdout}${fresh.stdout}`.split('\0').filter((name) => name !== '');
  return names.length === 0 ? null : new Set(names);
}

async function problemsOf({ path, text }: WorkspaceFile): Promise<SyntaxProblem[]> {
  if (path.endsWith('.json')) return jsonProblems(path, text);
  if (path.endsWith('.yaml') || path.endsWith('.yml')) return kubernetesResources(path, text).problems;
  const parsed = await parseHcl(path, text);
  return parsed.ok ? [] : parsed.problems;
}

function jsonProblems(file: string, text: string): SyntaxProblem[] {
  try {
    parseStrictJson(text.replace(/^\uFEFF/, ''));
    return [];
  } catch (error) {
    const message = error instanceof GatehouseError ? error.message : 'cannot be parsed';
    return [{ file, line: Number(/\((\d+):\d+\)/.exec(message)?.[1] ?? 1), message }];
  }
}

/** Whether a YAML file is a template of YAML, as in a Helm chart, which only its program can read. */
function isTemplate({ path, text }: WorkspaceFile): boolean {
  return /\.ya?ml$/.test(path) && /\{\{-?\s/.test(text) && /(^|\/)templates\//.test(path);
}

async function validateFolders(
  context: ToolContext,
  folders: readonly string[],
): Promise<{ ok: boolean; notes: string[] }> {
  if (folders.length === 0) return { ok: true, notes: [] };
  const program = await runScript(context, 'command -v terraform', []);
  if (program.exitCode !== 0)
    return { ok: true, notes: ['terraform is not installed: only the syntax was checked'] };
  const notes: string[] = [];
  let ok = true;
  for (const folder of folders) {
    const result = await runTerraformValidate(context, folder);
    if (result.exitCode === INIT_FAILED)
      notes.push(
        `terraform validate was left out in ${folder}: its providers or modules are not at hand offline`,
      );
    else {
      ok &&= result.exitCode === 0;
      notes.push(`terraform validate in ${folder}: ${outputOf(result).text}`);
    }
  }
  return { ok, notes };
}

function folderOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '.';
}
