/** What may be done with an API key, a session or a token; each route and console page names the one it needs. */
export const scopes = [
  'runs:read',
  'runs:write',
  'approvals:read',
  'approvals:decide',
  'agents:read',
  'agents:write',
  'policies:read',
  'policies:write',
  'audit:read',
  /** Pause and stop of agents and the organization, break-glass. */
  'halt:write',
  /** People, keys, webhooks and settings; includes every other scope. */
  'admin',
] as const;
export type Scope = (typeof scopes)[number];

const READ: readonly Scope[] = ['runs:read', 'approvals:read', 'agents:read', 'policies:read'];

/** What roles may do. Any other role (`senior-engineer`) only counts where a rule asks for it. */
export const ROLE_SCOPES: Readonly<Record<string, readonly Scope[]>> = {
  admin: ['admin'],
  operator: [...READ, 'runs:write', 'agents:write', 'policies:write', 'halt:write', 'audit:read'],
  approver: [...READ, 'approvals:decide'],
  auditor: [...READ, 'audit:read'],
  service: ['runs:read', 'runs:write', 'agents:read'],
};

/** Everything that these roles may do together. */
export function scopesOf(roles: readonly string[]): Scope[] {
  return [...new Set(roles.flatMap((role) => (Object.hasOwn(ROLE_SCOPES, role) ? ROLE_SCOPES[role]! : [])))];
}

/** Whether what is held includes what is needed. */
export function holdsScope(held: readonly Scope[], needed: Scope): boolean {
  return held.includes('admin') || held.includes(needed);
}

/** Whether a text from outside names a scope. */
export function isScope(text: string): text is Scope {
  return (scopes as readonly string[]).includes(text);
}
