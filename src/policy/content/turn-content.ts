import type { ContentFacts } from '../../domain/content';
import { branchOf } from '../../domain/run';
import type { GateInput } from '../../domain/steps';
import type { PolicyContext } from '../layer';
import { type FindTool, readCall } from '../read-call';
import type { ContentCall, ContentLoader } from './content-loader';

/** Facts about the content that a turn's calls leave behind. */
export interface TurnContent {
  /** By call id; absent for calls whose content no rule judges. */
  facts: ReadonlyMap<string, ContentFacts>;
  /** Calls that are judged on what is committed, which an earlier call of the turn may change. */
  ofTree: ReadonlySet<string>;
}

/**
 * Loads facts for those calls of a turn whose content a rule judges.
 *
 * @param judgesContent whether any rule that applies judges what a tool leaves behind
 */
export async function contentOfTurn(
  input: Pick<GateInput, 'runId' | 'facts' | 'calls'>,
  settings: PolicyContext['snapshot']['settings'],
  findTool: FindTool,
  judgesContent: (tool: string) => boolean,
  loader: ContentLoader,
): Promise<TurnContent> {
  const { runId, facts } = input;
  const context = { runId, branch: branchOf(runId), settings };
  const calls = input.calls.flatMap((proposed): ContentCall[] => {
    const reading = readCall(proposed, findTool, context);
    if (!reading.ok || !judgesContent(reading.read.tool.name)) return [];
    return [{ id: proposed.id, tool: reading.read.tool.name, args: reading.read.args }];
  });
  if (calls.length === 0) return { facts: new Map(), ofTree: new Set() };
  const isOfTree = ({ tool }: ContentCall) => tool === 'git-push' || tool === 'create-pr';
  return {
    facts: await loader.load(calls, facts.workspace, runId),
    ofTree: new Set(calls.filter(isOfTree).map(({ id }) => id)),
  };
}
