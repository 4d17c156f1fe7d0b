import { branchOf } from '../../domain/run';
import { builtInTools } from '../../tools/catalogue';
import { pathsInPatch } from '../../tools/patch-paths';
import { normalizePath } from '../../tools/paths';
import type { Tool } from '../../tools/tool';

/** What a call can touch: the entity types of `resource`, each with a `name`. */
export const resourceTypes = [
  'Path',
  'Branch',
  'Workspace',
  'Command',
  'TerraformWorkspace',
  'Cluster',
  'Pipeline',
  'Account',
  'ChildAgent',
  'Service',
] as const;
export type ResourceType = (typeof resourceTypes)[number];

/** One thing that a call touches. A call is judged once for each. */
export interface Touched {
  type: ResourceType;
  name: string;
}

/** What rules see of a tool beside its arguments as they are. */
export interface Touching {
  types: readonly ResourceType[];
  of(args: Args, runId: string): Touched[];
  /** Arguments that are known although a model left them out. */
  fill?(runId: string): Args;
}

type Args = Record<string, unknown>;

/** What stands for a target that the call leaves to the tool's own setting. */
export const UNNAMED = 'current';

/** What a tool touches; a user's own tool is a `Service` of its name. */
export function touchingOf(tool: Tool): Touching {
  // By identity: `policy eval` lets a file put a tool of its own in the place of a built-in one.
  const known = builtInTools.get(tool.name) === tool ? TOUCHING[tool.name] : undefined;
  return known ?? { types: ['Service'], of: () => [{ type: 'Service', name: tool.name }] };
}

const workspace: Touching = {
  types: ['Workspace'],
  of: (_args, runId) => [{ type: 'Workspace', name: runId }],
};

const path: Touching = { types: ['Path'], of: ({ path: named }) => [pathOf(named ?? '.')] };

const TOUCHING: Record<string, Touching> = {
  'read-file': path,
  'list-files': path,
  'search-files': path,
  'git-diff': path,
  'git-log': path,
  'describe-resource': path,
  'query-logs': path,
  'ask-user': workspace,
  'propose-change': workspace,
  'write-file': path,
  'apply-patch': { types: ['Path'], of: ({ patch }) => pathsOf(String(patch)) },
  'git-commit': {
    types: ['Path', 'Workspace'],
    of: ({ paths }, runId) =>
      Array.isArray(paths) ? paths.map(pathOf) : [{ type: 'Workspace', name: runId }],
  },
  'git-push': {
    types: ['Branch'],
    of: ({ branch }, runId) => [named('Branch', branch ?? branchOf(runId))],
    fill: (runId) => ({ branch: branchOf(runId) }),
  },
  // HEAD is how a remote names its default branch.
  'create-pr': { types: ['Branch'], of: ({ base }) => [named('Branch', base ?? 'HEAD')] },
  validate: workspace,
  'terraform-validate': path,
  'terraform-plan': byArgument('TerraformWorkspace', 'workspace'),
  'terraform-apply': byArgument('TerraformWorkspace', 'workspace'),
  'run-command': byArgument('Command', 'command'),
  'trigger-pipeline': byArgument('Pipeline', 'pipeline'),
  'cloud-credentials': byArgument('Account', 'account'),
  'kubectl-apply': byArgument('Cluster', 'context'),
  'start-run': byArgument('ChildAgent', 'agent'),
};

function byArgument(type: ResourceType, argument: string): Touching {
  return { types: [type], of: (args) => [named(type, args[argument] ?? UNNAMED)] };
}

function named(type: ResourceType, name: unknown): Touched {
  return { type, name: String(name) };
}

/** As the tool will take it: `./a//b` is `a/b`. A path that leaves the workspace keeps its letters; tools refuse it. */
function pathOf(written: unknown): Touched {
  const text = String(written);
  return { type: 'Path', name: normalizePath(text) ?? text };
}

function pathsOf(patch: string): Touched[] {
  const touched = pathsInPatch(patch);
  // Refused by the tool; a rule about any path may still speak.
  return touched.ok ? touched.paths.map(pathOf) : [{ type: 'Path', name: '.' }];
}
