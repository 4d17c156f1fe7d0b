import { z } from 'zod';
import type { ToolCall } from '../domain/call';
import { canonicalJson, type JsonValue, parseStrictJson } from '../domain/canonical-json';
import type { Finding } from '../domain/decision';
import { GatehouseError } from '../domain/errors';
import type { JudgeContext } from '../domain/judgement';
import { normalizeToolName } from '../domain/permissions';
import { visibleText } from '../domain/visible-text';
import type { Tool } from '../tools/tool';
import type { ReadCall } from './layer';

/** Looks a tool up by its normalised name. */
export type FindTool = (name: string) => Tool | undefined;

export type Reading = { ok: true; read: ReadCall } | { ok: false; tool: Tool | null; finding: Finding };

/** Longest tool name that is repeated in a message, in characters. */
const SHOWN_NAME_LENGTH = 64;
/** The same for what is wrong with its arguments, which quotes them. */
const SHOWN_PROBLEM_LENGTH = 600;

/**
 * Reads a proposed call, once and strictly: the tool is looked up by its normalised name, the arguments become
 * RFC 8785 JSON, unknown and duplicate keys are refused, defaults filled in.
 *
 * @throws whatever the tool's judgement throws: the gate refuses the call
 */
export function readCall(proposed: ToolCall, findTool: FindTool, context: JudgeContext): Reading {
  const tool = findTool(normalizeToolName(proposed.tool));
  if (!tool)
    return refuse(
      null,
      'unknown-tool',
      `there is no tool \`${visibleText(proposed.tool, SHOWN_NAME_LENGTH)}\``,
    );
  let json: JsonValue;
  try {
    json = parseStrictJson(proposed.args.trim() === '' ? '{}' : proposed.args);
  } catch (error) {
    return refuse(tool, 'malformed-arguments', error instanceof GatehouseError ? error.message : 'malformed');
  }
  const parsed = tool.parameters.safeParse(json);
  if (!parsed.success)
    return refuse(
      tool,
      'wrong-arguments',
      `wrong arguments for \`${tool.name}\`: ${visibleText(z.prettifyError(parsed.error).replace(/\s*\n\s*/g, ' '), SHOWN_PROBLEM_LENGTH)}`,
    );
  const call = { id: proposed.id, tool: tool.name, args: canonicalJson(parsed.data) };
  const judgement = tool.judge(parsed.data, context);
  // The rest of it is for the layers, which are refused one by one where they cannot make sense of it.
  if (typeof judgement !== 'object' || judgement === null || !Array.isArray(judgement.marks))
    throw new TypeError(`tool ${tool.name} judged nothing`);
  return { ok: true, read: { call, args: parsed.data, tool, judgement } };
}

function refuse(tool: Tool | null, rule: string, message: string): Reading {
  return { ok: false, tool, finding: { verdict: 'deny', layer: 'input', rule, message } };
}
