import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import type { ToolCall } from '../domain/call';
import { parseStrictJson } from '../domain/canonical-json';
import {
  type Decision,
  type DecisionError,
  type Finding,
  messageOf,
  reasons,
  type Verdict,
} from '../domain/decision';
import type { Effect, Mark } from '../domain/effect';
import { GatehouseError, publicMessage } from '../domain/errors';
import { visibleText } from '../domain/visible-text';
import type { OfflineContext, OfflineJudge } from './offline-judge';

/** Longest line that is read, in bytes. */
export const MAX_LINE_BYTES = 4 * 1024 * 1024;

type LineId = string | number | null;

/** One line of `policy eval`, in the order of its keys (CONTRACTS, CLI). */
export interface EvaluatedLine {
  /** As the line gave it; null when it could not be read. */
  id: LineId;
  verdict: Verdict;
  effect: Effect | null;
  marks: Mark[];
  /** The findings that made the verdict. */
  reasons: Pick<Finding, 'layer' | 'rule' | 'message'>[];
  errors: DecisionError[];
}

/**
 * Judges one line of JSON: `{id, tool, args, context?: {prompt?, answers?, observations?}}`. Never throws: a line that
 * cannot be read is refused.
 *
 * @param line its bytes without the line end; null for one that was too long to keep
 * @returns a promise only where content has to be parsed first
 */
export function evaluateLine(
  line: Buffer | null,
  judge: OfflineJudge,
): EvaluatedLine | Promise<EvaluatedLine> {
  let read: GivenCall;
  try {
    read = readLine(line);
  } catch (error) {
    const { code, message } =
      error instanceof GatehouseError ? error : { code: 'line-unreadable', message: publicMessage(error) };
    return refused(line === null ? null : idIn(line), { code, message });
  }
  const { id, call, context } = read;
  const failed = () =>
    refused(id, { code: 'internal', message: 'the call could not be judged; it is refused' });
  try {
    const judged = judge.judge(call, context);
    return judged instanceof Promise
      ? judged.then(({ decision }) => answer(id, decision), failed)
      : answer(id, judged.decision);
  } catch {
    return failed();
  }
}

const given = z.strictObject({
  id: z.union([z.string(), z.number()], 'must be a text or a number'),
  tool: z.string(),
  args: z.record(z.string(), z.unknown(), 'must be an object'),
  context: z
    .strictObject({
      prompt: z.string().nullish(),
      answers: z.array(z.string()).nullish(),
      observations: z.array(z.strictObject({ tool: z.string(), text: z.string() })).nullish(),
    })
    .nullish(),
});

const BLANK = /^[ \t\r]*$/;

function readLine(line: Buffer | null): GivenCall {
  if (line === null)
    throw new GatehouseError('line-too-long', `the line is longer than ${MAX_LINE_BYTES} bytes`);
  if (!isUtf8(line)) throw new GatehouseError('line-unreadable', 'the line is not UTF-8 text');
  const text = line.toString('utf8');
  if (BLANK.test(text)) throw new GatehouseError('line-unreadable', 'the line is blank');
  return readGivenCall(parseStrictJson(text, MAX_LINE_BYTES));
}

/** A call as people and programs give it, with what is known beside it. */
export interface GivenCall {
  id: string | number;
  call: ToolCall;
  context: OfflineContext;
}

/** Reads `{id, tool, args, context?}`. @throws GatehouseError `line-malformed` */
export function readGivenCall(value: unknown): GivenCall {
  const parsed = given.safeParse(value);
  if (!parsed.success)
    throw new GatehouseError(
      'line-malformed',
      `the call is not as it should be: ${visibleText(parsed.error.issues.map((issue) => problemOf(issue, value)).join('; '), 600)}`,
    );
  const { id, tool, args, context } = parsed.data;
  const prompt = context?.prompt;
  return {
    id,
    call: { id: String(id), tool, args: JSON.stringify(args) },
    context: {
      ...(typeof prompt === 'string' ? { trusted: { prompt, answers: context?.answers ?? [] } } : {}),
      observations: context?.observations ?? [],
    },
  };
}

function problemOf(issue: z.core.$ZodIssue, value: unknown): string {
  const where = issue.path.length > 0 ? `\`${issue.path.join('.')}\`: ` : '';
  if (issue.code === 'unrecognized_keys')
    return `${where}unknown ${issue.keys.map((key) => `\`${key}\``).join(', ')}`;
  if (isMissing(value, issue.path)) return `${where}is missing`;
  return `${where}${issue.message.charAt(0).toLowerCase()}${issue.message.slice(1)}`;
}

/** JSON has no `undefined`: where the path leads to one, there is nothing. */
function isMissing(value: unknown, path: readonly PropertyKey[]): boolean {
  let at = value;
  for (const key of path) at = (at as Record<PropertyKey, unknown> | undefined)?.[key];
  return at === undefined;
}

/** The id of a line that could not be read, where it can still be told. */
function idIn(line: Buffer): LineId {
  try {
    const { id } = JSON.parse(line.toString('utf8')) as { id?: unknown };
    if (typeof id === 'string') return isUtf8(line) || !id.includes('\uFFFD') ? id : null;
    return typeof id === 'number' ? id : null;
  } catch {
    return null;
  }
}

function answer(id: LineId, decision: Decision): EvaluatedLine {
  const { verdict, effect, marks, errors } = decision;
  return {
    id,
    verdict,
    effect,
    marks,
    reasons: reasons(decision).map((finding) => ({
      layer: finding.layer,
      rule: finding.rule,
      message: messageOf(finding),
    })),
    errors,
  };
}

function refused(id: LineId, { code, message }: DecisionError): EvaluatedLine {
  return {
    id,
    verdict: 'deny',
    effect: null,
    marks: [],
    reasons: [{ layer: 'input', rule: 'unreadable-line', message }],
    errors: [{ code, message }],
  };
}
