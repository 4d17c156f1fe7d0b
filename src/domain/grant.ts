import type { Effect } from './effect';

/** Who may present a grant: the runner over the channel, or the sandbox worker for an activity. */
export type GrantAudience = 'channel' | 'activity';

/** What a grant allows, one per call. */
export interface GrantedCall {
  id: string;
  /** The name in the catalogue. */
  tool: string;
  /** Hex sha-256 of the call's RFC 8785 arguments. */
  argsHash: string;
  effect: Effect;
  /** The git tree an approval was bound to; the sandbox compares it before it starts. */
  tree?: string;
  /** The commit an approval was bound to. */
  head?: string;
}

/** The claims of a grant, an Ed25519 JWS. Nothing executes without one. */
export interface GrantClaims {
  iss: 'gatehouse';
  /** The run. */
  sub: string;
  aud: GrantAudience;
  jti: string;
  /** Seconds since the epoch. */
  iat: number;
  /** Seconds since the epoch; the latest a call may start. */
  exp: number;
  /** RFC 7800: the presenter's key, as RFC 7638 thumbprint. */
  cnf: { jkt: string };
  organization: string;
  /** Id of the policy snapshot, which the sandbox loads to know network, validate command and the user's tools. */
  snapshot: string;
  /** The sandbox host that holds the run's workspace. */
  host: string;
  calls: GrantedCall[];
}

/** How long a grant may wait to start, in seconds. */
export const GRANT_LIFETIME_S: Record<GrantAudience, number> = { channel: 300, activity: 60 };
