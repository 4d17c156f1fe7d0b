import { transcript } from '../../workflows/messages';
import { GatehouseError } from '../domain/errors';
import type { RunEvent } from '../domain/events';
import type { TranscriptPage, Workspace } from '../domain/steps';
import type { ArchivedEntry, TranscriptEntry } from '../domain/transcript';
import { visibleText } from '../domain/visible-text';
import type { StoredApproval } from '../store/approval-store';
import type { StoredRun } from '../store/run-store';
import type { CommandDependencies } from './dependencies';

/** One approval with what people look at before they decide. */
export interface ApprovalView {
  approval: StoredApproval;
  run: StoredRun;
  /** The run's last events, in order. */
  history: RunEvent[];
  /** The workspace as the gate saw it, for reading what the call acts on; null where there was none. */
  workspace: Workspace | null;
}

type Dependencies = Pick<
  CommandDependencies,
  'organizationId' | 'approvals' | 'runs' | 'events' | 'decisions'
>;

/** How many events before it say what led to an approval. */
const EVENTS_SHOWN = 12;

/** @throws GatehouseError `approval-unknown` */
export const createReviewApproval =
  ({ organizationId, approvals, runs, events, decisions }: Dependencies) =>
  async (id: string): Promise<ApprovalView> => {
    const approval = await approvals.get(organizationId, id);
    const run = approval && (await runs.get(organizationId, approval.runId));
    if (!approval || !run)
      throw new GatehouseError('approval-unknown', `there is no approval \`${visibleText(id, 80)}\``);
    const address = { organizationId, runId: run.id };
    const [history, workspace] = await Promise.all([
      events.listLast(address, EVENTS_SHOWN),
      decisions.workspaceOf(address, approval.callId),
    ]);
    return { approval, run, history, workspace };
  };

/** What a call gave the model. */
export interface CallOutput {
  text: string;
  /** Where the whole of it is, if `text` was cut. */
  artifact?: string;
}

/**
 * What the calls of a tool gave the model, as far as they went well, latest first; null where the run does not answer.
 */
export const createShowOutputs =
  ({ temporal }: Pick<CommandDependencies, 'temporal'>) =>
  async (runId: string, tool: string): Promise<CallOutput[] | null> => {
    const entries: (TranscriptEntry | ArchivedEntry)[] = [];
    try {
      for (let since: number | null = 0; since !== null; ) {
        const from: number = since;
        const page: TranscriptPage = await temporal.askRun(runId, (handle) =>
          handle.query(transcript, { since: from }),
        );
        entries.push(...page.entries);
        since = page.next;
      }
    } catch {
      return null;
    }
    const kept = entries.filter((entry): entry is TranscriptEntry => 'role' in entry);
    const calls = new Set(
      kept.flatMap((entry) =>
        entry.role === 'assistant'
          ? entry.calls.filter((call) => call.tool === tool).map(({ id }) => id)
          : [],
      ),
    );
    return kept
      .flatMap((entry) => (entry.role === 'tool' ? entry.outcomes : []))
      .flatMap((outcome) => (outcome.kind === 'done' && calls.has(outcome.callId) ? [outcome] : []))
      .map(({ text, artifact }) => ({ text, ...(artifact === undefined ? {} : { artifact }) }))
      .reverse();
  };
