import type { CallOutcome, PendingOutcome, ToolCall } from './call';

/** One step of the conversation between a run and its model. */
export type TranscriptEntry =
  | { role: 'system'; systemPrompt: string; policyDigest: string }
  /** `text` is trusted; attachments are data. */
  | { role: 'user'; text: string; attachments?: string[] }
  | { role: 'assistant'; text: string; calls: ToolCall[] }
  /** The outcomes of all calls of one turn, in the order of the calls. */
  | { role: 'tool'; outcomes: CallOutcome[] }
  /** Gatehouse itself speaking to the model: a workspace rebuilt, a budget nearly used. */
  | { role: 'notice'; text: string };

/** A transcript entry that still waits for the outcomes of reads. */
export type OpenEntry =
  | Exclude<TranscriptEntry, { role: 'tool' }>
  | { role: 'tool'; outcomes: (CallOutcome | PendingOutcome)[] };

/** An entry whose content is in the artifact store, as kept across continue-as-new. */
export interface ArchivedEntry {
  /** sha-256 of the entry's canonical JSON: its name in the artifact store. */
  artifact: string;
}

/** Names a prefix of a transcript: how many entries, and the hash chained over them. */
export interface TranscriptPosition {
  length: number;
  /** Hex sha-256; the empty string for the empty prefix. */
  hash: string;
}
