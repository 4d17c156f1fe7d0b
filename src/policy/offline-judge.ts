import type { Agent } from '../domain/agent';
import type { ToolCall } from '../domain/call';
import type { ContentFacts } from '../domain/content';
import type { PolicySnapshot } from '../domain/policy';
import { branchOf } from '../domain/run';
import { catalogueOf, findTool } from '../tools/catalogue';
import type { Tool } from '../tools/tool';
import { judgesContent } from './cedar/compile-rules';
import { contentOfArguments } from './content/content-loader';
import { refuseToAsk } from './gate-turn';
import { type JudgedCall, judge } from './judge';
import type { PolicyContext } from './layer';
import type { PolicyFile } from './policy-file';
import { asPublished } from './policy-folder';
import { readCall } from './read-call';
import { compileSnapshot } from './snapshot';

export interface OfflineSources {
  agent: Agent;
  /** @default none */
  policies?: readonly PolicyFile[];
  /** @default 'local' */
  organizationId?: string;
}

/** What is known beside the call; all of it may be absent. */
export type OfflineContext = Partial<Pick<PolicyContext, 'facts' | 'trusted' | 'observations' | 'content'>>;

/** Judges calls by files alone, without a run, a server or a database. */
export interface OfflineJudge {
  snapshot: PolicySnapshot;
  /** Built-in tools and the agent's own, which replace built-in ones of the same name. */
  tools: ReadonlyMap<string, Tool>;
  /**
   * Judges one call as the gate would; budgets and rates are not counted. Never throws.
   *
   * @returns a promise only where content has to be parsed first
   */
  judge(call: ToolCall, context?: OfflineContext): JudgedCall | Promise<JudgedCall>;
}

/** The run that offline calls belong to; its branch is the own branch. */
export const OFFLINE_RUN = 'eval';

/** @throws GatehouseError `tool-declaration-invalid` */
export function createOfflineJudge({
  agent,
  policies = [],
  organizationId = 'local',
}: OfflineSources): OfflineJudge {
  const snapshot = compileSnapshot({
    organizationId,
    agent,
    policies: asPublished(policies, organizationId),
  });
  const tools = catalogueOf(agent.tools, 'replace');
  const find = (name: string) => findTool(name, tools);
  const { settings } = snapshot;

  function judgeWith(call: ToolCall, context: OfflineContext): JudgedCall {
    const { read, decision } = judge(
      call,
      { runId: OFFLINE_RUN, snapshot, now: Date.now(), ...context },
      find,
    );
    return { read, decision: refuseToAsk(decision, snapshot) };
  }

  async function judgeContent(call: ToolCall, context: OfflineContext): Promise<JudgedCall> {
    return judgeWith(call, { ...context, content: await contentOf(call) });
  }

  async function contentOf(call: ToolCall): Promise<ContentFacts> {
    try {
      const reading = readCall(call, find, { runId: OFFLINE_RUN, branch: branchOf(OFFLINE_RUN), settings });
      if (!reading.ok) return { kind: 'loaded', resources: [] };
      return await contentOfArguments({ tool: reading.read.tool.name, args: reading.read.args });
    } catch {
      return { kind: 'unavailable', problem: 'the content of this call cannot be parsed' };
    }
  }

  return {
    snapshot,
    tools,
    judge(call, context = {}) {
      const tool = find(call.tool);
      const needsContent =
        context.content === undefined && tool !== undefined && judgesContent(snapshot, tool.name);
      return needsContent ? judgeContent(call, context) : judgeWith(call, context);
    },
  };
}
