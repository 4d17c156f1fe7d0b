import { setTimeout } from 'node:timers/promises';
import { type Client, isGrpcCancelledError, isGrpcDeadlineError } from '@temporalio/client';
import { transcript } from '../../workflows/messages';
import type { ArtifactStore } from '../artifacts/artifact-store';
import { GatehouseError } from '../domain/errors';
import { sha256 } from '../domain/hashing';
import type { TranscriptPage } from '../domain/steps';
import type { ArchivedEntry, TranscriptEntry } from '../domain/transcript';

/** Which part of whose transcript. */
export interface TranscriptRequest {
  workflowId: string;
  /** Temporal's id of this execution: after continue-as-new another one has other entries inline. */
  workflowRunId: string;
  /** How many entries, from the first. */
  upTo: number;
  /** Where those that were archived are. */
  artifacts: Pick<ArtifactStore, 'get'>;
}

/**
 * Asks the run's workflow for its transcript.
 *
 * @throws GatehouseError `transcript-unavailable`; `transcript-mismatch` for an archived entry that is not what it was;
 *   or as the artifact store
 */
export type FetchTranscript = (request: TranscriptRequest, signal: AbortSignal) => Promise<TranscriptEntry[]>;

/** Between questions that met their deadline. */
const PAUSE_MS = 100;
/** Archived entries that are read at a time. */
const READS_AT_ONCE = 16;

/** Fetches over Temporal, by query `transcript`, page by page. */
export function createFetchTranscript({
  client,
  deadlineMs = 5_000,
}: {
  client: Client;
  /** With no control worker a query blocks to its deadline; it is asked again until the activity ends. */
  deadlineMs?: number;
}): FetchTranscript {
  return async ({ workflowId, workflowRunId, upTo, artifacts }, signal) => {
    const handle = client.workflow.getHandle(workflowId, workflowRunId);
    const ask = (since: number) =>
      client.connection.withAbortSignal(signal, () =>
        client.connection.withDeadline(Date.now() + deadlineMs, () => handle.query(transcript, { since })),
      );
    const entries: (TranscriptEntry | ArchivedEntry)[] = [];
    for (let since: number | null = 0; since !== null && entries.length < upTo; ) {
      const page: TranscriptPage = await patiently(() => ask(since ?? 0), signal);
      entries.push(...page.entries);
      since = page.entries.length > 0 ? page.next : null;
    }
    return unarchive(entries.slice(0, upTo), artifacts);
  };
}

async function patiently<Answer>(ask: () => Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await ask();
    } catch (cause) {
      signal.throwIfAborted();
      // At the deadline the server's own end of the call can arrive first, as a cancellation.
      if (isGrpcDeadlineError(cause) || isGrpcCancelledError(cause)) {
        await setTimeout(PAUSE_MS);
        continue;
      }
      throw new GatehouseError('transcript-unavailable', 'the run could not be asked for its transcript', {
        cause,
      });
    }
  }
}

async function unarchive(
  entries: readonly (TranscriptEntry | ArchivedEntry)[],
  artifacts: Pick<ArtifactStore, 'get'>,
): Promise<TranscriptEntry[]> {
  const whole: TranscriptEntry[] = [];
  for (let start = 0; start < entries.length; start += READS_AT_ONCE) {
    const batch = entries.slice(start, start + READS_AT_ONCE);
    whole.push(
      ...(await Promise.all(batch.map((entry) => ('role' in entry ? entry : load(entry, artifacts))))),
    );
  }
  return whole;
}

async function load(
  { artifact }: ArchivedEntry,
  artifacts: Pick<ArtifactStore, 'get'>,
): Promise<TranscriptEntry> {
  const content = await artifacts.get(artifact);
  if (sha256(content) !== artifact)
    throw new GatehouseError(
      'transcript-mismatch',
      `transcript entry \`${artifact}\` is not what was archived`,
    );
  return JSON.parse(Buffer.from(content).toString('utf8')) as TranscriptEntry;
}
