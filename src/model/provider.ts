import type { ToolCall } from '../domain/call';
import type { TokenUsage } from '../domain/steps';
import type { TranscriptEntry } from '../domain/transcript';

/** What a model sees of a transcript; the system prompt travels beside it. */
export type ConversationEntry = Exclude<TranscriptEntry, { role: 'system' }>;

/** A tool as the model is told of it. */
export interface OfferedTool {
  name: string;
  description: string;
  /** JSON Schema of the arguments. */
  inputSchema: Record<string, unknown>;
}

export interface ModelRequest {
  /** Counts from 1. A repeated request for the same turn is a retry. */
  turn: number;
  system: string;
  /** The whole conversation; the last entry is what the model answers to. */
  entries: ConversationEntry[];
  tools: OfferedTool[];
}

export interface ModelReply {
  text: string;
  /** `args` is the JSON text as the model sent it. Ids are {@link callIdOf}. */
  calls: ToolCall[];
  usage: TokenUsage;
}

/** One model of one provider. It never retries: Temporal does, so that every attempt shows in history. */
export interface ModelProvider {
  /**
   * One round trip.
   *
   * @param signal cancels the round trip, which then rejects with the signal's reason
   * @throws GatehouseError, one of `errors.ts` or `script-errors.ts`
   */
  complete(request: ModelRequest, signal: AbortSignal): Promise<ModelReply>;
}

/**
 * Names a call within its run: `t3c1` is the first call of turn 3. Providers' own ids are not used, since some repeat
 * them and some give none; ours go back on the wire instead.
 */
export function callIdOf(turn: number, index: number): string {
  return `t${turn}c${index + 1}`;
}

/** About how many tokens a text is; only for models that do not count. */
export function estimateTokens(text: string): number {
  return Math.ceil(text.length / 4);
}
