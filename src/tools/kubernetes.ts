import { z } from 'zod';
import { matchesBranch } from '../domain/glob';
import { defineTool } from './define-tool';
import { outputOf, succeeded } from './output';
import { judgePaths, pathArgument, workspacePath } from './paths';
import { runScript } from './shell';
import type { ToolContext } from './tool';

const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9@:/._-]*$/)
  .max(253);
const parameters = z.strictObject({
  path: pathArgument.describe('Manifest or folder of manifests, relative to the workspace.'),
  context: name.optional().describe('Context of the kubeconfig.'),
  namespace: name.optional().describe('Namespace for objects that name none.'),
});
type Apply = z.infer<typeof parameters>;

/** Applies manifests to a cluster. */
export const kubectlApply = defineTool<Apply>({
  name: 'kubectl-apply',
  description: 'Apply Kubernetes manifests of the workspace to a cluster.',
  parameters,
  judge(args, context) {
    const judgement = judgePaths('production', [args.path], context);
    const cluster = args.context;
    const pattern = context.settings.protectedContexts.find(
      (each) => cluster !== undefined && matchesBranch(each, cluster),
    );
    const findings = judgement.findings ?? [];
    if (pattern !== undefined)
      findings.push({
        verdict: 'deny',
        layer: 'tools',
        rule: 'protected-context',
        message: `the context \`${cluster}\` is protected (\`${pattern}\`)`,
      });
    return { ...judgement, findings, approvalFlags: ['productionAccess'] };
  },
  sensitive: ['context', 'namespace'],
  idempotent: true,
  isTreeJudged: true,
  program: 'kubectl',
  async run(args, context) {
    return outputOf(await kubectl(context, 'apply', args));
  },
  async reconcile(args, context) {
    // 0 says there is no difference left, 1 that there is one, more that it could not be told.
    const difference = await kubectl(context, 'diff', args);
    if (difference.exitCode === 0)
      return { kind: 'finished', output: succeeded('the manifests are applied') };
    return difference.exitCode === 1 ? { kind: 'not-started' } : { kind: 'unknown' };
  },
});

function kubectl(context: ToolContext, verb: 'apply' | 'diff', args: Apply) {
  const options = [
    ...(args.context === undefined ? [] : [`--context=${args.context}`]),
    ...(args.namespace === undefined ? [] : [`--namespace=${args.namespace}`]),
  ];
  return runScript(context, KUBECTL, [workspacePath(args.path), verb, ...options], { timeoutMs: 300_000 });
}

const KUBECTL = `inside "$1"; verb=$2; shift 2
exec kubectl "$verb" --filename="$real" "$@"`;
