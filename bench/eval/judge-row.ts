import type { ToolDeclaration } from '../../src/domain/tool-declaration';
import { parseAgent } from '../../src/policy/agent-file';
import { type EvaluatedLine, evaluateLine } from '../../src/policy/evaluate-line';
import { createOfflineJudge } from '../../src/policy/offline-judge';
import { parseTools } from '../../src/policy/tools-file';

/** Judges one call through the door of `gatehouse policy eval`: a line in, a line out. */
export type Judge = (tool: string, args: unknown, context?: { prompt: string }) => EvaluatedLine;

/** @param text a tools file as JSON lines; its tools replace built-in ones of the same name */
export function readTools(text: string): ToolDeclaration[] {
  return parseTools(text, 'tools.jsonl');
}

/** @param agent keys of an agent file; no policies, no run */
export function judgeFor(agent: Record<string, unknown>, tools: ToolDeclaration[] = []): Judge {
  const definition = parseAgent(JSON.stringify({ name: 'eval', ...agent }), {
    file: 'agent.yaml',
    readTools: () => [],
  });
  const judge = createOfflineJudge({ agent: { ...definition, tools } });
  return (tool, args, context) => {
    const line = evaluateLine(Buffer.from(JSON.stringify({ id: 'row', tool, args, context })), judge);
    // Only rules about content are waited for, and there are no rules.
    if (line instanceof Promise) throw new TypeError('a row was judged on content');
    return line;
  };
}

/** A verdict on one line: `deny sandbox [destructive]: tier/sandbox effect …`. */
export function toldOf({ verdict, effect, marks, reasons, errors }: EvaluatedLine): string {
  const marked = marks.length > 0 ? ` [${marks.join(', ')}]` : '';
  const why = [
    ...reasons.map(({ layer, rule, message }) => `${layer}/${rule} ${message}`),
    ...errors.map(({ code, message }) => `${code} ${message}`),
  ];
  return `${verdict} ${effect}${marked}: ${why.join('; ')}`;
}
