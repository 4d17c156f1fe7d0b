import { AutonomyTier } from './tier';

export interface AgentPermissions {
  tier: AutonomyTier;
  /** Tool names; empty means all tools (see {@link EffectivePermissions} for an empty intersection). */
  allowedTools: string[];
  deniedTools: string[];
  maxTurns: number;
  maxTokenBudget: number;
  requiresApproval: {
    prCreation: boolean;
    credentialRequest: boolean;
    productionAccess: boolean;
  };
}

export type ApprovalFlag = keyof AgentPermissions['requiresApproval'];

const READERS = ['read-file', 'git-diff', 'describe-resource', 'query-logs'];

/** What a tier gives before an agent file tightens it. */
export const TIER_DEFAULTS: Record<AutonomyTier, Partial<AgentPermissions>> = {
  [AutonomyTier.OBSERVE]: {
    allowedTools: READERS,
    deniedTools: ['write-file', 'git-push', 'create-pr', 'cloud-credentials'],
    requiresApproval: { prCreation: true, credentialRequest: true, productionAccess: true },
  },
  [AutonomyTier.RECOMMEND]: {
    allowedTools: [],
    deniedTools: [
      'write-file',
      'apply-patch',
      'git-commit',
      'git-push',
      'create-pr',
      'cloud-credentials',
      'terraform-apply',
      'kubectl-apply',
    ],
    requiresApproval: { prCreation: true, credentialRequest: true, productionAccess: true },
  },
  [AutonomyTier.DRAFT]: {
    allowedTools: [],
    deniedTools: ['terraform-apply', 'kubectl-apply'],
    requiresApproval: { prCreation: false, credentialRequest: false, productionAccess: true },
  },
  [AutonomyTier.SANDBOX]: {
    allowedTools: [],
    deniedTools: ['terraform-apply', 'kubectl-apply'],
    requiresApproval: { prCreation: false, credentialRequest: false, productionAccess: true },
  },
  [AutonomyTier.PROD_GATED]: {
    allowedTools: [],
    deniedTools: [],
    requiresApproval: { prCreation: false, credentialRequest: false, productionAccess: true },
  },
};

/** Which tools are open. `none` cannot be written as a list, where `[]` means all. */
export type ToolAllowance = { kind: 'all' } | { kind: 'only'; tools: string[] };

/** An agent's permissions after its tier, its file and a run's `narrow` were joined; each could only tighten. */
export interface EffectivePermissions extends Omit<AgentPermissions, 'allowedTools'> {
  allowed: ToolAllowance;
}

/** What may tighten permissions: an agent file, or the `narrow` of a run. */
export type Tightening = Partial<Omit<AgentPermissions, 'requiresApproval'>> & {
  requiresApproval?: Partial<AgentPermissions['requiresApproval']>;
};

/** The limits of a run whose agent file names none. */
export const DEFAULT_MAX_TURNS = 50;
export const DEFAULT_MAX_TOKEN_BUDGET = 500_000;

/** The tier's defaults as effective permissions. */
export function permissionsOfTier(tier: AutonomyTier): EffectivePermissions {
  const defaults = TIER_DEFAULTS[tier];
  return {
    tier,
    allowed: allowance(defaults.allowedTools),
    deniedTools: [...(defaults.deniedTools ?? [])],
    maxTurns: defaults.maxTurns ?? DEFAULT_MAX_TURNS,
    maxTokenBudget: defaults.maxTokenBudget ?? DEFAULT_MAX_TOKEN_BUDGET,
    requiresApproval: defaults.requiresApproval ?? {
      prCreation: true,
      credentialRequest: true,
      productionAccess: true,
    },
  };
}

/**
 * Joins permissions with something that may only tighten them: the lower tier, the intersection of allowed tools, the
 * union of denied tools, either's approvals, the smaller limits.
 *
 * A lower tier brings its own defaults, so that narrowing a run to OBSERVE closes what OBSERVE closes.
 */
export function tighten(base: EffectivePermissions, by: Tightening): EffectivePermissions {
  const lowered =
    by.tier !== undefined && by.tier < base.tier ? join(base, permissionsOfTier(by.tier), by.tier) : base;
  return join(
    lowered,
    {
      allowed: allowance(by.allowedTools),
      deniedTools: by.deniedTools ?? [],
      maxTurns: by.maxTurns ?? Number.POSITIVE_INFINITY,
      maxTokenBudget: by.maxTokenBudget ?? Number.POSITIVE_INFINITY,
      requiresApproval: {
        prCreation: by.requiresApproval?.prCreation ?? false,
        credentialRequest: by.requiresApproval?.credentialRequest ?? false,
        productionAccess: by.requiresApproval?.productionAccess ?? false,
      },
    },
    lowered.tier,
  );
}

/**
 * What a run hands on to a run that it starts: its tier, what is denied to it and what it needs approvals for. Such a
 * run starts no further one.
 *
 * @param permissions pinned and current; the stricter counts
 */
export function narrowedTo(permissions: readonly EffectivePermissions[]): Tightening {
  const needs = (flag: ApprovalFlag) => permissions.some(({ requiresApproval }) => requiresApproval[flag]);
  return {
    tier: Math.min(...permissions.map(({ tier }) => tier)),
    deniedTools: [...new Set([...permissions.flatMap(({ deniedTools }) => deniedTools), 'start-run'])],
    requiresApproval: {
      prCreation: needs('prCreation'),
      credentialRequest: needs('credentialRequest'),
      productionAccess: needs('productionAccess'),
    },
  };
}

/**
 * Tool names compare after this: `read_file`, `readFile` and `read-file` are one tool. Look-alike letters and spaces of
 * other scripts stay what they are and so name no tool: only ASCII is changed (the Kelvin sign lower-cases to a `k`).
 */
export function normalizeToolName(name: string): string {
  // Nearly every name is; each call compares a dozen.
  if (/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) return name;
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/[_ \t-]+/g, '-')
    .replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Whether a tool is in an allowance, names normalised. */
export function isAllowed(allowed: ToolAllowance, tool: string): boolean {
  if (allowed.kind === 'all') return true;
  const name = normalizeToolName(tool);
  return allowed.tools.some((each) => normalizeToolName(each) === name);
}

function allowance(tools: readonly string[] | undefined): ToolAllowance {
  return tools === undefined || tools.length === 0 ? { kind: 'all' } : { kind: 'only', tools: [...tools] };
}

function intersect(one: ToolAllowance, other: ToolAllowance): ToolAllowance {
  if (one.kind === 'all') return other;
  if (other.kind === 'all') return one;
  return { kind: 'only', tools: one.tools.filter((tool) => isAllowed(other, tool)) };
}

function join(
  one: EffectivePermissions,
  other: Omit<EffectivePermissions, 'tier'>,
  tier: AutonomyTier,
): EffectivePermissions {
  return {
    tier,
    allowed: intersect(one.allowed, other.allowed),
    deniedTools: [...new Set([...one.deniedTools, ...other.deniedTools])],
    maxTurns: Math.min(one.maxTurns, other.maxTurns),
    maxTokenBudget: Math.min(one.maxTokenBudget, other.maxTokenBudget),
    requiresApproval: {
      prCreation: one.requiresApproval.prCreation || other.requiresApproval.prCreation,
      credentialRequest: one.requiresApproval.credentialRequest || other.requiresApproval.credentialRequest,
      productionAccess: one.requiresApproval.productionAccess || other.requiresApproval.productionAccess,
    },
  };
}
