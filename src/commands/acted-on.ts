import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';
import type { ArtifactStore } from '../artifacts/artifact-store';
import type { ContentFile, ContentIndex } from '../domain/content';
import type { Workspace } from '../domain/steps';
import { savedPlan } from '../tools/terraform';
import type { Commands } from './commands';
import type { ApprovalView, CallOutput } from './review-approval';

/** What a call acts on, as far as it can be drawn. */
export type ActedOn =
  | { kind: 'patch'; title: string; patch: string }
  | { kind: 'plan'; title: string; text: string }
  /** It acts on something that is not at hand; `why` is ours. */
  | { kind: 'missing'; why: string };

interface Sources {
  artifacts: Pick<ArtifactStore, 'get'>;
  commands: Pick<Commands, 'showOutputs'>;
}

const TIMEOUT_MS = 2_000;

/** The change that an approval is about: the patch itself, what a branch or file becomes, or the plan that is applied. */
export async function actedOn(
  { approval, run, workspace }: ApprovalView,
  { artifacts, commands }: Sources,
): Promise<ActedOn | null> {
  const args = parsed(approval.args);
  switch (approval.tool) {
    case 'apply-patch':
      return typeof args.patch === 'string' ? { kind: 'patch', title: 'The patch', patch: args.patch } : null;
    case 'write-file': {
      if (typeof args.path !== 'string' || typeof args.content !== 'string') return null;
      const files = await filesOf(workspace, 'tree', artifacts);
      const before = await textOf(files?.get(args.path), artifacts);
      const title = before === null ? 'The file as it would be written' : 'What changes in the file';
      return { kind: 'patch', title, patch: difference(args.path, before ?? '', args.content) };
    }
    case 'git-push':
    case 'create-pr':
      return branchDifference(workspace, artifacts);
    case 'terraform-apply':
      if (typeof args.plan !== 'string')
        return { kind: 'missing', why: 'the call names no plan, and without one nothing is applied' };
      return namedPlan(args.plan, await commands.showOutputs(run.id, 'terraform-plan'), artifacts);
    default:
      return null;
  }
}

/** The plan of this name, whole, as terraform printed it: a run may have planned several folders, and one of them twice. */
async function namedPlan(
  plan: string,
  outputs: readonly CallOutput[] | null,
  artifacts: Pick<ArtifactStore, 'get'>,
): Promise<ActedOn> {
  for (const { text, artifact } of outputs ?? []) {
    const whole = artifact === undefined ? text : await read(artifact, artifacts).catch(() => text);
    if (savedPlan(whole) === plan)
      return { kind: 'plan', title: 'The plan as terraform printed it', text: whole };
  }
  return { kind: 'missing', why: 'no plan of this run that is at hand has the name that the call gives' };
}

/** What the run's branch changes, of the kinds of files that are kept. */
async function branchDifference(
  workspace: Workspace | null,
  artifacts: Pick<ArtifactStore, 'get'>,
): Promise<ActedOn> {
  const [base, head] = await Promise.all([
    filesOf(workspace, 'base', artifacts),
    filesOf(workspace, 'head', artifacts),
  ]);
  if (!base || !head) return { kind: 'missing', why: 'the files of the branch are not at hand' };
  const patches: string[] = [];
  for (const path of [...new Set([...base.keys(), ...head.keys()])].sort()) {
    const [before, after] = [base.get(path), head.get(path)];
    if (before?.artifact === after?.artifact) continue;
    const [from, to] = await Promise.all([textOf(before, artifacts), textOf(after, artifacts)]);
    patches.push(difference(path, from ?? '', to ?? ''));
  }
  return patches.length === 0
    ? { kind: 'missing', why: 'the branch changes no Terraform or YAML file; other files are not kept' }
    : {
        kind: 'patch',
        title: 'What the branch changes in Terraform and YAML files',
        patch: patches.join(''),
      };
}

async function filesOf(
  workspace: Workspace | null,
  state: keyof ContentIndex,
  artifacts: Pick<ArtifactStore, 'get'>,
): Promise<Map<string, ContentFile> | null> {
  if (!workspace?.content) return null;
  try {
    const index = JSON.parse(await read(workspace.content, artifacts)) as ContentIndex;
    const files = JSON.parse(await read(index[state], artifacts)) as ContentFile[];
    return new Map(files.map((file) => [file.path, file]));
  } catch {
    return null;
  }
}

async function textOf(
  file: ContentFile | undefined,
  artifacts: Pick<ArtifactStore, 'get'>,
): Promise<string | null> {
  if (!file?.artifact) return null;
  return read(file.artifact, artifacts).catch(() => null);
}

async function read(artifact: string, artifacts: Pick<ArtifactStore, 'get'>): Promise<string> {
  return Buffer.from(await artifacts.get(artifact)).toString('utf8');
}

/** Unified; one that takes too long to find is the whole text, taken out and put in. */
export function difference(path: string, before: string, after: string): string {
  const options = { headerOptions: FILE_HEADERS_ONLY, timeout: TIMEOUT_MS, context: 3 };
  return (
    createTwoFilesPatch(`a/${path}`, `b/${path}`, before, after, undefined, undefined, options) ??
    [...lines(before, '-'), ...lines(after, '+')].join('\n')
  );
}

function lines(text: string, sign: string): string[] {
  return text.split('\n').map((line) => sign + line);
}

function parsed(args: string): Record<string, unknown> {
  try {
    return JSON.parse(args) as Record<string, unknown>;
  } catch {
    return {};
  }
}
