import { setTimeout as delay } from 'node:timers/promises';
import type { TokenUsage } from '../domain/steps';
import { callIdOf, estimateTokens, type ModelProvider, type ModelReply, type ModelRequest } from './provider';
import { PLACEHOLDER, type Script, type ScriptCondition, type ScriptReply, type ScriptTurn } from './script';
import { ScriptDepartedError, ScriptExhaustedError } from './script-errors';
import {
  captured,
  describeCalls,
  describeCondition,
  holds,
  type SettledCall,
  settledTurns,
} from './script-outcomes';

/**
 * A model that follows a script and sees real outcomes. It keeps no state: turn n of the run is the n-th turn of the
 * script, and everything captured is captured again from the conversation, so that a retry gets the same answer.
 *
 * @throws ScriptExhaustedError after the last turn, ScriptDepartedError when an `expect` does not hold
 */
export function createScriptedProvider(script: Script): ModelProvider {
  return {
    async complete(request, signal) {
      signal.throwIfAborted();
      const { reply, names } = follow(script, request);
      if (reply.takesMs) {
        // The timer's own rejection hides why it was stopped.
        await delay(reply.takesMs, undefined, { signal }).catch(() => signal.throwIfAborted());
      }
      const text = fill(reply.say ?? '', names);
      const calls = (reply.calls ?? []).map(({ tool, args }, index) => ({
        id: callIdOf(request.turn, index),
        tool,
        args: typeof args === 'string' ? fill(args, names) : JSON.stringify(fillIn(args, names)),
      }));
      return { text, calls, usage: usageOf(reply, request, { text, calls }) };
    },
  };
}

type Names = ReadonlyMap<string, string>;

/** Walks the script from its first turn, so that captures and choices of earlier turns are known. */
function follow(
  { file, turns }: Script,
  { turn, entries }: ModelRequest,
): { reply: ScriptReply; names: Names } {
  const asked = turns[turn - 1];
  if (!asked) throw new ScriptExhaustedError(file, turns.length, turn);
  const settled = settledTurns(entries);
  if (settled.length !== turn - 1)
    throw new ScriptDepartedError(
      file,
      turn,
      `${turn - 1} turns before it`,
      `the conversation has ${settled.length}`,
    );
  const names = new Map<string, string>();
  let reply: ScriptReply = asked;
  for (const [index, step] of turns.slice(0, turn).entries()) {
    const at = { file, turn: index + 1, calls: settled[index - 1] ?? [], names };
    if (step === asked) requireExpected(step, at);
    capture(step, at);
    reply = choose(step, at);
    if (reply !== step) capture(reply, at);
  }
  return { reply, names };
}

interface Place {
  file: string;
  turn: number;
  /** The calls of the turn before. */
  calls: SettledCall[];
  names: Map<string, string>;
}

function requireExpected(step: ScriptTurn, { file, turn, calls, names }: Place): void {
  for (const condition of (step.expect ?? []).map((each) => filled(each, names)))
    if (!holds(condition, calls))
      throw new ScriptDepartedError(file, turn, describeCondition(condition), describeCalls(calls));
}

function choose(step: ScriptTurn, { file, turn, calls, names }: Place): ScriptReply {
  if (!step.choose) return step;
  const chosen = step.choose.find(({ when }) =>
    (when ?? []).every((each) => holds(filled(each, names), calls)),
  );
  if (!chosen)
    throw new ScriptDepartedError(file, turn, 'one `when` of `choose` to hold', describeCalls(calls));
  return chosen;
}

function capture(reply: ScriptReply, { file, turn, calls, names }: Place): void {
  for (const [name, wanted] of Object.entries(reply.capture ?? {})) {
    const found = captured(wanted, calls);
    if (found === undefined) {
      const from = typeof wanted.from === 'number' ? `call ${wanted.from}` : `\`${wanted.from}\``;
      throw new ScriptDepartedError(
        file,
        turn,
        `to capture \`${name}\` from ${from} with \`${wanted.pattern}\``,
        describeCalls(calls),
      );
    }
    names.set(name, found);
  }
}

function filled(condition: ScriptCondition, names: Names): ScriptCondition {
  return condition.contains === undefined
    ? condition
    : { ...condition, contains: fill(condition.contains, names) };
}

/** A name that a branch not taken would have captured stays as it is written, for all to see. */
function fill(text: string, names: Names): string {
  return text.replace(PLACEHOLDER, (placeholder, name: string) => names.get(name) ?? placeholder);
}

function fillIn(value: unknown, names: Names): unknown {
  if (typeof value === 'string') return fill(value, names);
  if (Array.isArray(value)) return value.map((each) => fillIn(each, names));
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fillIn(each, names)]));
  return value;
}

function usageOf(
  { tokens }: ScriptReply,
  { system, entries }: ModelRequest,
  reply: Pick<ModelReply, 'text' | 'calls'>,
): TokenUsage {
  if (tokens) return { inputTokens: tokens.input, outputTokens: tokens.output };
  return {
    inputTokens: estimateTokens(system + JSON.stringify(entries)),
    outputTokens: estimateTokens(reply.text + JSON.stringify(reply.calls)),
  };
}
