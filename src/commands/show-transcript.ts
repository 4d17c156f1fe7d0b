import { transcript } from '../../workflows/messages';
import type { ArtifactStore } from '../artifacts/artifact-store';
import type { TranscriptPage } from '../domain/steps';
import type { TranscriptEntry } from '../domain/transcript';
import { type FindRunDependencies, requireRun } from './find-run';

export interface TranscriptRequest {
  runId: string;
  /** Index of the first entry. @default 0 */
  since?: number;
  /** Where archived entries are read. */
  artifacts: Pick<ArtifactStore, 'get'>;
}

/** A page of what was said, as the model saw it. */
export interface ShownTranscript {
  /** Index of the first entry here. */
  since: number;
  entries: TranscriptEntry[];
  /** Index of the first entry of the next page, or null at the end. */
  next: number | null;
}

/**
 * What a run and its model said to each other. The run itself tells it, also when it has ended, as long as Temporal
 * keeps its history.
 *
 * @throws GatehouseError `run-unknown`, `control-unreachable`, `temporal-unreachable`
 */
export const createShowTranscript =
  (dependencies: FindRunDependencies) =>
  async ({ runId, since = 0, artifacts }: TranscriptRequest): Promise<ShownTranscript> => {
    await requireRun(dependencies, runId);
    const { entries, next } = await dependencies.temporal.askRun(runId, (handle) =>
      handle.query<TranscriptPage, [{ since: number }]>(transcript, { since }),
    );
    const read = await Promise.all(
      entries.map(async (entry) => {
        if (!('artifact' in entry)) return entry;
        return JSON.parse(
          Buffer.from(await artifacts.get(entry.artifact)).toString('utf8'),
        ) as TranscriptEntry;
      }),
    );
    return { since, entries: read, next };
  };
