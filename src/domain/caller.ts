import type { Scope } from './scopes';

/** Who calls, once authenticated: everything that is asked is asked in the name of one person of one organization. */
export interface Caller {
  organizationId: string;
  /** As decisions and audit name them. */
  person: string;
  /** What rules with `@role` look at. */
  roles: readonly string[];
  scopes: readonly Scope[];
  /** How it was proven who calls. */
  proof: 'api-key' | 'session' | 'oidc';
  /** The API key that proved it, or with which the session was begun. */
  apiKeyId?: string;
}
