import { z } from 'zod';
import { defineTool } from './define-tool';
import type { SyntaxProblem } from './hcl';
import { kubernetesResources } from './kubernetes-resources';
import { failed, succeeded } from './output';
import { judgePaths, pathArgument, workspacePath } from './paths';
import type { DescribedResource } from './resource';
import { terraformResources } from './terraform-resources';
import { readFilesBelow, type WorkspaceFile } from './workspace-files';

/** Describes what Terraform and Kubernetes files declare. */
export const describeResource = defineTool({
  name: 'describe-resource',
  description:
    'Describe what the Terraform and Kubernetes files of the workspace declare: all resources with their places, or one with its attributes.',
  parameters: z.strictObject({
    address: z
      .string()
      .min(1)
      .max(300)
      .optional()
      .describe(
        'Such as `aws_s3_bucket.logs`, `module.network`, `var.region` or `deployment/web`; absent lists all.',
      ),
    path: pathArgument.default('.').describe('Only this file or folder.'),
  }),
  judge: (args, context) => judgePaths('read', [args.path], context),
  sensitive: [],
  idempotent: true,
  async run(args, context) {
    const files = await readFilesBelow(context, workspacePath(args.path), ['.tf', '.yaml', '.yml']);
    if (!Array.isArray(files)) return files;
    const { resources, problems } = await describeFiles(files);
    if (args.address === undefined) return succeeded(listText(resources, problems));
    const wanted = args.address.toLowerCase();
    const found = resources.filter((resource) => namesOf(resource).includes(wanted));
    if (found.length > 0) return succeeded(found.map(detailText).join('\n\n'));
    return failed(
      `no resource \`${args.address}\` in \`${args.path}\`${nearText(wanted, resources)}${problemText(problems)}`,
    );
  },
});

/** Everything the given files declare, and where they cannot be read. */
export async function describeFiles(
  files: readonly WorkspaceFile[],
): Promise<{ resources: DescribedResource[]; problems: SyntaxProblem[] }> {
  const resources: DescribedResource[] = [];
  const problems: SyntaxProblem[] = [];
  for (const { path, text } of files) {
    const read = path.endsWith('.tf')
      ? await terraformResources(path, text)
      : kubernetesResources(path, text);
    resources.push(...read.resources);
    problems.push(...read.problems);
  }
  return { resources, problems };
}

function namesOf(resource: DescribedResource): string[] {
  const address = resource.address.toLowerCase();
  if (resource.namespace === undefined) return [address];
  return [address, `${resource.namespace}/${address}`.toLowerCase()];
}

function listText(resources: DescribedResource[], problems: SyntaxProblem[]): string {
  if (resources.length === 0) return `(no resources)${problemText(problems)}`;
  return (
    resources.map((resource) => `${resource.address}  ${placeOf(resource)}`).join('\n') +
    problemText(problems)
  );
}

function detailText(resource: DescribedResource): string {
  return `${resource.address}  ${placeOf(resource)}\n${JSON.stringify(resource.attributes, null, 2)}`;
}

function placeOf({ file, line, namespace }: DescribedResource): string {
  return `${file}:${line}${namespace === undefined ? '' : `  namespace ${namespace}`}`;
}

function nearText(wanted: string, resources: DescribedResource[]): string {
  const words = wanted.split(/[./]/).filter((word) => word.length > 2);
  const near = resources
    .map(({ address }) => address)
    .filter((address) => words.some((word) => address.includes(word)));
  return near.length === 0 ? '' : `; there is ${near.slice(0, 10).join(', ')}`;
}

function problemText(problems: SyntaxProblem[]): string {
  if (problems.length === 0) return '';
  const lines = problems.slice(0, 20).map(({ file, line, message }) => `${file}:${line}: ${message}`);
  return `\nNot readable:\n${lines.join('\n')}`;
}
