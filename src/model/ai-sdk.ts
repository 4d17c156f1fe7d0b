import type {
  LanguageModelV3,
  LanguageModelV3CallOptions,
  LanguageModelV3Content,
  LanguageModelV3FinishReason,
  LanguageModelV3StreamPart,
  LanguageModelV3Usage,
} from '@ai-sdk/provider';
import { classifyModelError } from './ai-sdk-errors';
import { ModelRefusedError, ModelReplyCutError, ModelUnavailableError } from './errors';
import { promptOf } from './prompt';
import { callIdOf, estimateTokens, type ModelProvider, type ModelReply, type ModelRequest } from './provider';

export interface AiSdkOptions {
  /** As the agent file names it, for messages. */
  name: string;
  model: LanguageModelV3;
  /** Whether to read the reply as a stream, where only the stream carries a call's arguments as text. */
  streams: boolean;
  /** Kept out of every error. */
  key: string | undefined;
  /** Longest round trip in milliseconds. */
  timeoutMs: number;
}

/**
 * Any model of the AI SDK.
 *
 * It calls the provider's own `doGenerate` or `doStream` and not `generateText`, which parses arguments and hands on
 * the parsed value: a duplicate key or `1.0` would be lost before the gate could see it, and the gate judges the bytes
 * the model sent. The providers return them untouched, parsable or not. Retries belong to `generateText` too, so here
 * there are none to switch off.
 */
export function createAiSdkProvider(options: AiSdkOptions): ModelProvider {
  const { name, key } = options;
  return {
    async complete(request, signal) {
      signal.throwIfAborted();
      const timeout = AbortSignal.timeout(options.timeoutMs);
      let raw: RawReply;
      try {
        raw = await roundTrip(options, request, AbortSignal.any([signal, timeout]));
      } catch (error) {
        signal.throwIfAborted();
        throw classifyModelError(name, timeout.aborted ? timeout.reason : error, key);
      }
      return replyOf(raw, name, request);
    },
  };
}

interface RawReply {
  content: LanguageModelV3Content[];
  finishReason: LanguageModelV3FinishReason;
  usage: LanguageModelV3Usage;
}

async function roundTrip(
  { model, streams }: AiSdkOptions,
  request: ModelRequest,
  abortSignal: AbortSignal,
): Promise<RawReply> {
  const call: LanguageModelV3CallOptions = {
    prompt: promptOf(request),
    tools: request.tools.map((tool) => ({ type: 'function', ...tool })),
    abortSignal,
  };
  return streams ? collect(model, call) : model.doGenerate(call);
}

async function collect(model: LanguageModelV3, call: LanguageModelV3CallOptions): Promise<RawReply> {
  const { stream } = await model.doStream(call);
  const content: LanguageModelV3Content[] = [];
  let end: Pick<RawReply, 'finishReason' | 'usage'> | undefined;
  // The DOM's type of a stream does not know that it can be iterated; Node's can.
  for await (const part of stream as unknown as AsyncIterable<LanguageModelV3StreamPart>) {
    if (part.type === 'text-delta') content.push({ type: 'text', text: part.delta });
    else if (part.type === 'tool-call') content.push(part);
    else if (part.type === 'finish') end = part;
    else if (part.type === 'error') throw part.error;
  }
  // A stream that stops without saying why was cut off.
  if (end?.finishReason.raw === undefined) throw new Error('the stream ended early');
  return { content, ...end };
}

function replyOf(
  { content, finishReason, usage }: RawReply,
  name: string,
  request: ModelRequest,
): ModelReply {
  if (finishReason.unified === 'content-filter')
    throw new ModelRefusedError(name, { cause: new Error(finishReason.raw ?? 'refusal') });
  if (finishReason.unified === 'error') throw new ModelUnavailableError(name, 'it reported an error');
  const text = content.map((part) => (part.type === 'text' ? part.text : '')).join('');
  const calls = content
    .filter((part) => part.type === 'tool-call')
    .map(({ toolName, input }, index) => ({
      id: callIdOf(request.turn, index),
      tool: toolName,
      // Providers send nothing at all for a call without arguments.
      args: input.trim() === '' ? '{}' : input,
    }));
  if (finishReason.unified === 'length' && calls.length === 0) throw new ModelReplyCutError(name);
  return { text: text.toWellFormed(), calls, usage: countedUsage(usage, request, text, calls) };
}

/** A budget must count even where a server reports no usage: then it is estimated from lengths. */
function countedUsage(
  { inputTokens, outputTokens }: LanguageModelV3Usage,
  request: ModelRequest,
  text: string,
  calls: ModelReply['calls'],
): ModelReply['usage'] {
  return {
    inputTokens: inputTokens.total || estimateTokens(request.system + JSON.stringify(request.entries)),
    outputTokens: outputTokens.total || estimateTokens(text + JSON.stringify(calls)),
  };
}
