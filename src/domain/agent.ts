import type { AgentBudget } from './budget';
import type { Tightening } from './permissions';
import type { AutonomyTier } from './tier';
import type { ToolDeclaration } from './tool-declaration';

/** A named agent definition, as its file declares it (CONTRACTS, Files). */
export interface Agent extends Pick<Tightening, 'allowedTools' | 'deniedTools' | 'requiresApproval'> {
  name: string;
  tier: AutonomyTier;
  /** `provider:model`, as `scripted:demo.yaml`. */
  model: string;
  systemPrompt: string;
  budget: Partial<AgentBudget>;
  grounding: 'ask' | 'deny' | 'off';
  /** Tools whose results count as trusted text. */
  trustedTools: string[];
  /** Branch patterns; `*` matches within a segment. */
  protectedBranches: string[];
  protectedPaths: string[];
  protectedContexts: string[];
  /** Hosts that sandboxed programs may reach. */
  network: string[];
  onAsk: 'wait' | 'refuse';
  onBudget: 'fail' | 'topUp';
  /** The argument vector that the `validate` tool runs. */
  validate: string[] | null;
  /** The user's own tools, read from the tools files. */
  tools: ToolDeclaration[];
}

export const DEFAULT_PROTECTED_BRANCHES = ['main', 'master', 'trunk', 'production', 'release/*'];
