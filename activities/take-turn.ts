import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { ArtifactStore } from '../src/artifacts/artifact-store';
import type { CallOutcome } from '../src/domain/call';
import { GatehouseError } from '../src/domain/errors';
import type { PolicySnapshot } from '../src/domain/policy';
import type { TurnInput, TurnResult } from '../src/domain/steps';
import type { OpenEntry, TranscriptEntry, TranscriptPosition } from '../src/domain/transcript';
import { ModelUnavailableError } from '../src/model/errors';
import type { FetchTranscript } from '../src/model/fetch-transcript';
import { append, type HashedEntry, positionOf } from '../src/model/hashed-transcript';
import { createLoadSnapshot } from '../src/model/load-snapshot';
import { offeredTools } from '../src/model/offered-tools';
import type { ConversationEntry, OfferedTool } from '../src/model/provider';
import { type ReadChannels, readOver } from '../src/model/read-channel';
import type { ModelRegistry } from '../src/model/registry';
import { limitReply } from '../src/model/reply-limits';
import { composeSystemPrompt } from '../src/model/system-prompt';
import type { TranscriptCache } from '../src/model/transcript-cache';
import { toFailure } from './failures';
import { withHeartbeat } from './heartbeat';

export interface TakeTurnDependencies {
  providerOf: ModelRegistry;
  cache: TranscriptCache;
  /** Opens what a run may read. */
  artifactsOf(run: { runId: string; pass: string | undefined; signal: AbortSignal }): RunArtifacts;
  channels: ReadChannels;
  /** The built-in tools of this release; permissions are applied here. */
  toolsOf: (snapshot: PolicySnapshot) => OfferedTool[];
  fetchTranscript: FetchTranscript;
  /** @default 500 */
  heartbeatEveryMs?: number;
}

type RunArtifacts = Pick<ArtifactStore, 'get'>;

/** One model turn, on the runner: no database, no tool of its own, the model's keys and nothing else. */
export function createTakeTurn(dependencies: TakeTurnDependencies) {
  const { providerOf, cache, channels, toolsOf, fetchTranscript, heartbeatEveryMs } = dependencies;
  const loadSnapshot = createLoadSnapshot();

  async function turn(input: TurnInput, signal: AbortSignal): Promise<TurnResult> {
    const artifacts = dependencies.artifactsOf({ runId: input.runId, pass: input.pass, signal });
    const snapshot = await loadSnapshot(input.snapshot, artifacts);
    const provider = providerOf(snapshot.model, artifacts);
    const prefix = await prefixOf(input, artifacts, signal);
    const reads = await readOver(channels, input.reads, signal);
    const asked = append(prefix, completed(input.news, reads));
    const reply = limitReply(
      await provider.complete(
        {
          turn: input.turn,
          system: composeSystemPrompt({ systemPrompt: snapshot.systemPrompt, policyDigest: snapshot.digest }),
          entries: conversationOf(asked, snapshot),
          tools: offeredTools(snapshot, toolsOf(snapshot)),
        },
        signal,
      ),
    );
    const answered = append(asked, [{ role: 'assistant', text: reply.text, calls: reply.calls }]);
    cache.store(input.runId, answered);
    return { ...reply, reads, hashes: answered.slice(prefix.length).map(({ hash }) => hash) };
  }

  async function prefixOf(
    { runId, base }: TurnInput,
    artifacts: RunArtifacts,
    signal: AbortSignal,
  ): Promise<readonly HashedEntry[]> {
    const cached = cache.prefix(runId, base);
    if (cached) return cached;
    const { workflowExecution } = Context.current().info;
    const fetched = append(
      [],
      await fetchTranscript(
        {
          workflowId: workflowExecution?.workflowId ?? '',
          workflowRunId: workflowExecution?.runId ?? '',
          upTo: base.length,
          artifacts,
        },
        signal,
      ),
    );
    requireSame(positionOf(fetched), base);
    return fetched;
  }

  return {
    async takeTurn(input: TurnInput): Promise<TurnResult> {
      try {
        return await withHeartbeat((signal) => turn(input, signal), heartbeatEveryMs);
      } catch (error) {
        throw turnFailure(error);
      }
    },
  };
}

function requireSame(position: TranscriptPosition, base: TranscriptPosition): void {
  if (position.length === base.length && position.hash === base.hash) return;
  throw new GatehouseError(
    'transcript-mismatch',
    `the run's transcript has ${position.length} entries that do not hash to what the turn builds on (${base.length} entries)`,
  );
}

/** The news with the reads' outcomes in their places. */
function completed(news: readonly OpenEntry[], reads: readonly CallOutcome[]): TranscriptEntry[] {
  const byCall = new Map(reads.map((outcome) => [outcome.callId, outcome]));
  return news.map((entry) => {
    if (entry.role !== 'tool') return entry;
    return {
      role: 'tool',
      outcomes: entry.outcomes.map((outcome) => {
        if (outcome.kind !== 'pending') return outcome;
        const read = byCall.get(outcome.callId);
        if (read) return read;
        throw new GatehouseError('outcome-missing', `call \`${outcome.callId}\` is pending and was not read`);
      }),
    };
  });
}

/** What the model sees. The transcript's record of the system prompt must be the prompt that is sent. */
function conversationOf(transcript: readonly HashedEntry[], snapshot: PolicySnapshot): ConversationEntry[] {
  return transcript.flatMap(({ entry }) => {
    if (entry.role !== 'system') return [entry];
    if (entry.systemPrompt === snapshot.systemPrompt && entry.policyDigest === snapshot.digest) return [];
    throw new GatehouseError(
      'snapshot-mismatch',
      `the run's transcript begins with another system prompt than policy snapshot \`${snapshot.id}\` has`,
    );
  });
}

/** Codes that another attempt may heal; {@link toFailure} makes the others final. */
const TRANSIENT: ReadonlySet<string> = new Set([
  'artifact-store-unavailable',
  // The sandbox host's own defect or outage, reported over the channel.
  'internal',
  'model-unavailable',
  'transcript-unavailable',
]);

function turnFailure(error: unknown): Error {
  if (!(error instanceof GatehouseError) || !TRANSIENT.has(error.code)) return toFailure(error);
  return ApplicationFailure.create({
    type: error.code,
    message: error.message,
    cause: error,
    nextRetryDelay: error instanceof ModelUnavailableError ? error.retryAfterMs : undefined,
  });
}
