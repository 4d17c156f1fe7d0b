import { z } from 'zod';
import type { Agent } from '../../src/domain/agent';
import { DEFAULT_PROTECTED_BRANCHES } from '../../src/domain/agent';
import { effects, marks } from '../../src/domain/effect';
import type { PolicySnapshot } from '../../src/domain/policy';
import type { GateInput, RunFacts, Workspace } from '../../src/domain/steps';
import { AutonomyTier } from '../../src/domain/tier';
import type { ToolDeclaration } from '../../src/domain/tool-declaration';
import type { GateContext } from '../../src/policy/gate-turn';
import type { FindTool } from '../../src/policy/read-call';
import { compileSnapshot } from '../../src/policy/snapshot';
import { catalogueOf, findTool } from '../../src/tools/catalogue';
import { defineTool } from '../../src/tools/define-tool';
import type { Tool } from '../../src/tools/tool';

export const AT = Date.parse('2026-01-05T10:00:00Z');

/** A tool whose arguments say what it would do: every cell of the tables can be called. */
export const probe: Tool = defineTool({
  name: 'probe',
  description: 'Does what its arguments say.',
  parameters: z.strictObject({
    effect: z.enum(effects),
    marks: z.array(z.enum(marks)).default([]),
    flags: z.array(z.enum(['prCreation', 'credentialRequest', 'productionAccess'])).default([]),
  }),
  judge: ({ effect, marks, flags }) => ({ effect, marks, approvalFlags: flags }),
  sensitive: [],
  idempotent: true,
  async run() {
    return { ok: true, text: '' };
  },
});

export function agent(parts: Partial<Agent> = {}): Agent {
  return {
    name: 'tester',
    tier: AutonomyTier.DRAFT,
    model: 'scripted:test.yaml',
    systemPrompt: '',
    budget: {},
    grounding: 'ask',
    trustedTools: [],
    protectedBranches: DEFAULT_PROTECTED_BRANCHES,
    protectedPaths: [],
    protectedContexts: [],
    network: [],
    onAsk: 'wait',
    onBudget: 'fail',
    validate: null,
    tools: [],
    ...parts,
  };
}

export function snapshotOf(parts: Partial<Agent> = {}): PolicySnapshot {
  return compileSnapshot({ organizationId: 'org-1', agent: agent(parts), policies: [] });
}

/** The built-in tools, a user's own, and {@link probe}. */
export function toolsWith(declarations: readonly ToolDeclaration[] = []): FindTool {
  const catalogue = catalogueOf(declarations);
  return (name) => (name === probe.name ? probe : findTool(name, catalogue));
}

export const workspace: Workspace = {
  host: 'here',
  keyThumbprint: 'key',
  tree: 'tree-1',
  head: 'head-1',
};

export function facts(parts: Partial<RunFacts> = {}): RunFacts {
  return {
    workspace,
    executed: 3,
    lastValidateStep: 3,
    lastWriteStep: 2,
    answers: [],
    driftIterations: 0,
    ...parts,
  };
}

/** A gate over calls `[tool, args]`, which get the ids `call-1`, `call-2`, … */
export function gateInput(
  calls: readonly (readonly [tool: string, args: unknown])[],
  parts: Partial<GateInput> = {},
): GateInput {
  return {
    runId: 'run-1',
    organizationId: 'org-1',
    snapshot: 'pinned',
    turn: 1,
    step: 1,
    calls: calls.map(([tool, args], index) => ({
      id: `call-${index + 1}`,
      tool,
      args: JSON.stringify(args),
    })),
    audience: 'channel',
    approvals: {},
    facts: facts(),
    events: [],
    firstSequence: 0,
    usage: {
      turns: 0,
      tokens: 0,
      toolCalls: 0,
      pipelineRuns: 0,
      credentialRequests: 0,
      startedAt: AT,
      waitedMs: 0,
      waitingSince: null,
      reserved: { toolCalls: 0, pipelineRuns: 0, credentialRequests: 0 },
    },
    ...parts,
  };
}

export function gateContext(pinned: PolicySnapshot, parts: Partial<GateContext> = {}): GateContext {
  return {
    pinned,
    current: pinned,
    prompt: 'Look after this repository.',
    toolsOf: () => toolsWith(),
    approvals: new Map(),
    waitForPeopleMs: 86_400_000,
    now: AT,
    ...parts,
  };
}
