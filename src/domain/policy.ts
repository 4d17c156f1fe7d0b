import type { Agent } from './agent';
import type { AgentBudget } from './budget';
import type { EffectivePermissions } from './permissions';
import type { ToolDeclaration } from './tool-declaration';

/** A policy of an organization, in plain language. */
export interface CustomPolicy {
  id: string;
  name: string;
  /** Markdown, human-readable; may hold a fenced `cedar` block. */
  content: string;
  isActive: boolean;
  version: number;
  organizationId: string;
}

/** A policy's enforced part. */
export interface PolicyRule {
  policyId: string;
  policy: string;
  version: number;
  /** Cedar source. */
  source: string;
}

export type PolicyMode = 'enforce' | 'observe';

/** Everything of a {@link PolicySnapshot} but its id. */
export interface PolicySnapshotContent {
  organizationId: string;
  agent: string;
  model: string;
  systemPrompt: string;
  digest: string;
  rules: PolicyRule[];
  permissions: EffectivePermissions;
  budget: AgentBudget;
  /** The user's own tools; the built-in ones are named by the release. */
  tools: ToolDeclaration[];
  /** `observe`: organization rules, grounding and rates record what they would have refused. @default 'enforce' */
  mode?: PolicyMode;
  settings: Pick<
    Agent,
    | 'grounding'
    | 'trustedTools'
    | 'protectedBranches'
    | 'protectedPaths'
    | 'protectedContexts'
    | 'network'
    | 'onAsk'
    | 'onBudget'
    | 'validate'
  >;
}

/** The compiled, content-addressed bundle a run is pinned to. `id` is the hex sha-256 of the content's RFC 8785 JSON. */
export interface PolicySnapshot extends PolicySnapshotContent {
  id: string;
}
