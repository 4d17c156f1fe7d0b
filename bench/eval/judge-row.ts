import { type Decision, reasons } from '../../src/domain/decision';
import type { ToolDeclaration } from '../../src/domain/tool-declaration';
import { parseAgent } from '../../src/policy/agent-file';
import { judge } from '../../src/policy/judge';
import type { TrustedText } from '../../src/policy/layer';
import { compileSnapshot } from '../../src/policy/snapshot';
import { parseTools } from '../../src/policy/tools-file';
import { builtInTools, catalogueOf, findTool } from '../../src/tools/catalogue';
import type { Tool } from '../../src/tools/tool';

/** Judges calls as `gatehouse policy eval` does: an agent file, perhaps a tools file, no policies, no run. */
export type Judge = (tool: string, args: unknown, trusted?: TrustedText) => Decision;

/** The tools of a tools file beside the built-in ones. */
export interface Tools {
  declared: ToolDeclaration[];
  catalogue: ReadonlyMap<string, Tool>;
}

/** @param text a tools file as JSON lines; its tools replace built-in ones of the same name */
export function readTools(text: string): Tools {
  const declared = parseTools(text, 'tools.jsonl');
  return { declared, catalogue: catalogueOf(declared, 'replace') };
}

/** @param agent keys of an agent file */
export function judgeFor(agent: Record<string, unknown>, tools: Tools = BUILT_IN): Judge {
  const definition = parseAgent(JSON.stringify({ name: 'eval', ...agent }), {
    file: 'agent.yaml',
    readTools: () => [],
  });
  const snapshot = compileSnapshot({
    organizationId: 'eval',
    agent: { ...definition, tools: tools.declared },
    policies: [],
  });
  return (tool, args, trusted) =>
    judge(
      { id: 'call-1', tool, args: JSON.stringify(args) },
      { runId: 'eval', snapshot, trusted, now: 0 },
      (name) => findTool(name, tools.catalogue),
    ).decision;
}

const BUILT_IN: Tools = { declared: [], catalogue: builtInTools };

/** A decision on one line: `deny sandbox [destructive]: tier/sandbox needs tier …`. */
export function toldOf(decision: Decision): string {
  const marks = decision.marks.length > 0 ? ` [${decision.marks.join(', ')}]` : '';
  const why = [
    ...reasons(decision).map(({ layer, rule, message }) => `${layer}/${rule} ${message}`),
    ...decision.errors.map(({ code, message }) => `${code} ${message}`),
  ];
  return `${decision.verdict} ${decision.effect}${marks}: ${why.join('; ')}`;
}
