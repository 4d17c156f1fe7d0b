import type { ArtifactStore } from '../artifacts/artifact-store';
import type { PolicySnapshot } from '../domain/policy';
import { judgesContent } from '../policy/cedar/compile-rules';
import { createContentLoader, NO_CONTENT } from '../policy/content/content-loader';
import { contentOfTurn } from '../policy/content/turn-content';
import type { FindTool } from '../policy/read-call';
import type { RecordedDecision } from '../policy/simulate';
import type { StoredRecordedDecision, StoredRecordedRun } from '../store/recorded-runs';

/** Completes a run's decisions with what their calls would have left behind. */
export type AddContent = (
  run: StoredRecordedRun,
  candidate: PolicySnapshot,
  findTool: FindTool,
) => Promise<RecordedDecision[]>;

/**
 * Reads the content that recorded calls acted on, as the gate did. Where the artifact store is out of reach or no longer
 * has it, a call stays without, so that rules about content do not refuse it for that.
 */
export function createAddContent(artifacts: ArtifactStore | null): AddContent {
  if (artifacts === null) return async ({ decisions }) => decisions;
  let isMissing = false;
  const contents = createContentLoader({
    // What a recorded call was judged on then is judged again: the gate looked whose it is.
    ownership: { require: async () => undefined },
    artifacts: {
      put: (content) => artifacts.put(content),
      async get(hash) {
        try {
          return await artifacts.get(hash);
        } catch (error) {
          isMissing = true;
          throw error;
        }
      },
    },
  });

  return async ({ runId, decisions }, candidate, findTool) => {
    const completed: RecordedDecision[] = [];
    for (const step of stepsOf(decisions)) {
      const { facts } = step[0]!;
      isMissing = facts.workspace !== null && facts.workspace.content === undefined;
      const input = { runId, facts, calls: step.map(({ proposed }) => proposed) };
      const isJudged = (tool: string) => judgesContent(candidate, tool);
      const content = await contentOfTurn(input, candidate.settings, findTool, isJudged, contents);
      for (const [index, decision] of step.entries()) {
        // What earlier calls of the turn commit was judged when they had, if ever.
        const isTooEarly = content.ofTree.has(decision.proposed.id) && isBehindEffect(step.slice(0, index));
        const known = isTooEarly ? NO_CONTENT : content.facts.get(decision.proposed.id);
        completed.push(known === undefined || isMissing ? decision : { ...decision, content: known });
      }
    }
    return completed;
  };
}

function stepsOf(decisions: readonly StoredRecordedDecision[]): StoredRecordedDecision[][] {
  const steps = new Map<number, StoredRecordedDecision[]>();
  for (const decision of decisions) {
    const step = steps.get(decision.step);
    if (step) step.push(decision);
    else steps.set(decision.step, [decision]);
  }
  return [...steps.values()];
}

function isBehindEffect(before: readonly StoredRecordedDecision[]): boolean {
  return before.some(({ isRead, decision }) => !isRead && decision.verdict !== 'deny');
}
