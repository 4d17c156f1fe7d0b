import type {
  LanguageModelV3Message,
  LanguageModelV3Prompt,
  LanguageModelV3ToolResultPart,
} from '@ai-sdk/provider';
import type { CallOutcome, ToolCall } from '../domain/call';
import { type JsonObject, parseStrictJson } from '../domain/canonical-json';
import { markAsData } from './mark-data';
import { outcomeText } from './outcome-text';
import { outcomesAfter } from './outcomes';
import type { ModelRequest } from './provider';

/** Lets Anthropic reuse what it has already read of a growing conversation; others ignore it. */
const CACHED = { anthropic: { cacheControl: { type: 'ephemeral' } } };

/**
 * The conversation in the AI SDK's form.
 *
 * Providers insist that every call is answered directly after the message that made it, so a turn's outcomes come
 * first and whatever else was said since comes after them.
 */
export function promptOf({
  system,
  entries,
}: Pick<ModelRequest, 'system' | 'entries'>): LanguageModelV3Prompt {
  const messages: LanguageModelV3Message[] = [{ role: 'system', content: system, providerOptions: CACHED }];
  entries.forEach((entry, index) => {
    switch (entry.role) {
      case 'user':
        messages.push(userMessage([entry.text, ...(entry.attachments ?? []).map(attachment)]));
        break;
      case 'notice':
        messages.push(userMessage([`[Gatehouse] ${entry.text}`]));
        break;
      case 'assistant':
        if (entry.text !== '' || entry.calls.length > 0) messages.push(assistantMessage(entry));
        if (entry.calls.length > 0) messages.push(resultsMessage(entry.calls, outcomesAfter(entries, index)));
        break;
      case 'tool':
        break;
    }
  });
  const last = messages.at(-1);
  if (last && last.role !== 'system') last.providerOptions = CACHED;
  return messages;
}

/** Arguments as an object that a provider takes back; what was not one goes back as the text it was. */
export function argumentsObject(args: string): JsonObject {
  try {
    const value = parseStrictJson(args);
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value;
  } catch {
    // The gate has refused it with the reason; here it only needs a form that the wire can hold.
  }
  return { unreadable_arguments: args };
}

/** Providers reject a whole conversation over one odd name that a model once made up. */
export function wireName(tool: string): string {
  return tool.replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, 64) || '_';
}

function userMessage(texts: string[]): LanguageModelV3Message {
  return {
    role: 'user',
    content: texts.filter((text) => text !== '').map((text) => ({ type: 'text', text })),
  };
}

function attachment(text: string): string {
  return markAsData('attachment', text);
}

function assistantMessage({ text, calls }: { text: string; calls: ToolCall[] }): LanguageModelV3Message {
  return {
    role: 'assistant',
    content: [
      ...(text === '' ? [] : [{ type: 'text' as const, text }]),
      ...calls.map(({ id, tool, args }) => ({
        type: 'tool-call' as const,
        toolCallId: id,
        toolName: wireName(tool),
        input: argumentsObject(args),
      })),
    ],
  };
}

function resultsMessage(
  calls: readonly ToolCall[],
  outcomes: ReadonlyMap<string, CallOutcome>,
): LanguageModelV3Message {
  const content = calls.map(({ id, tool }): LanguageModelV3ToolResultPart => {
    const outcome = outcomes.get(id);
    return {
      type: 'tool-result',
      toolCallId: id,
      toolName: wireName(tool),
      output: outcome
        ? { type: isError(outcome) ? 'error-text' : 'text', value: outcomeText(outcome) }
        : { type: 'error-text', value: 'No outcome of this call is known.' },
    };
  });
  return { role: 'tool', content };
}

function isError(outcome: CallOutcome): boolean {
  return outcome.kind !== 'done' && outcome.kind !== 'answered';
}
