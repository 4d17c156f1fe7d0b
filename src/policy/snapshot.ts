import type { Agent } from '../domain/agent';
import { type AgentBudget, DEFAULT_BUDGET } from '../domain/budget';
import { canonicalJson } from '../domain/canonical-json';
import { sha256 } from '../domain/hashing';
import {
  type EffectivePermissions,
  permissionsOfTier,
  TIER_DEFAULTS,
  type Tightening,
  tighten,
} from '../domain/permissions';
import type {
  CustomPolicy,
  PolicyMode,
  PolicyRule,
  PolicySnapshot,
  PolicySnapshotContent,
} from '../domain/policy';
import { inDigestOrder, policyDigest } from './digest';
import { splitRules } from './rule-blocks';

export interface SnapshotSources {
  organizationId: string;
  agent: Agent;
  /** Those not active are left out. */
  policies: readonly CustomPolicy[];
  /** Tightens this run further. */
  narrow?: Tightening | null;
  /** @default 'enforce' */
  mode?: PolicyMode;
}

/** Compiles everything that a run is judged by. Deterministic: the same content has the same id. */
export function compileSnapshot({
  organizationId,
  agent,
  policies,
  narrow,
  mode = 'enforce',
}: SnapshotSources): PolicySnapshot {
  const permissions = permissionsOf(agent, narrow ?? {});
  const content: PolicySnapshotContent = {
    organizationId,
    agent: agent.name,
    model: agent.model,
    systemPrompt: agent.systemPrompt,
    digest: policyDigest(policies),
    rules: inDigestOrder(policies).flatMap(rulesOf),
    permissions,
    budget: budgetOf(agent, permissions),
    tools: agent.tools,
    // Left out where it is the default, so that snapshots keep their ids.
    ...(mode === 'observe' ? { mode } : {}),
    settings: {
      grounding: agent.grounding,
      trustedTools: agent.trustedTools,
      protectedBranches: agent.protectedBranches,
      protectedPaths: agent.protectedPaths,
      protectedContexts: agent.protectedContexts,
      network: agent.network,
      onAsk: agent.onAsk,
      onBudget: agent.onBudget,
      validate: agent.validate,
    },
  };
  return { ...content, id: snapshotId(content) };
}

/** Hex sha-256 of the content's RFC 8785 JSON. */
export function snapshotId(content: PolicySnapshotContent): string {
  return sha256(canonicalJson(content));
}

/**
 * The tier, tightened by the agent file and by the run. Where a tier sets no limit of its own, the file's own takes the
 * place of the default; it is the default that is for files that name none.
 */
function permissionsOf(agent: Agent, narrow: Tightening): EffectivePermissions {
  const tier = permissionsOfTier(agent.tier);
  const { maxTurns, maxTokenBudget } = TIER_DEFAULTS[agent.tier];
  const { budget, allowedTools, deniedTools, requiresApproval } = agent;
  const base: EffectivePermissions = {
    ...tier,
    maxTurns: maxTurns ?? budget.maxTurns ?? tier.maxTurns,
    maxTokenBudget: maxTokenBudget ?? budget.maxTokens ?? tier.maxTokenBudget,
  };
  const tightened = tighten(base, {
    allowedTools,
    deniedTools,
    requiresApproval,
    maxTurns: budget.maxTurns,
    maxTokenBudget: budget.maxTokens,
  });
  return tighten(tightened, narrow);
}

function budgetOf(agent: Agent, permissions: EffectivePermissions): AgentBudget {
  const budget = { ...DEFAULT_BUDGET };
  for (const key of Object.keys(budget) as (keyof AgentBudget)[])
    budget[key] = agent.budget[key] ?? budget[key];
  return {
    ...budget,
    maxTurns: Math.min(budget.maxTurns, permissions.maxTurns),
    maxTokens: Math.min(budget.maxTokens, permissions.maxTokenBudget),
  };
}

function rulesOf(policy: CustomPolicy): PolicyRule[] {
  return splitRules(policy.content).blocks.map(({ source }) => ({
    policyId: policy.id,
    policy: policy.name,
    version: policy.version,
    source,
  }));
}
