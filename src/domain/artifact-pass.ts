/** Who is to show a pass. */
export type PassBearer =
  | { role: 'runner' }
  /** The host that holds the run's workspace. */
  | { role: 'sandbox'; keyThumbprint: string }
  /** Whichever host takes the preparation of a workspace; it reads where one is made again from a checkpoint. */
  | { role: 'any-sandbox'; mayRead: boolean };

export type PassVerb = 'read' | 'write';

/** The claims of a pass to the artifacts of one run, an Ed25519 JWS. Each verb ends for itself. */
export interface PassClaims {
  iss: 'gatehouse';
  /** The run. */
  sub: string;
  /** Seconds since the epoch. */
  iat: number;
  organization: string;
  role: 'runner' | 'sandbox';
  /** RFC 7800: the bearer's key, as RFC 7638 thumbprint. Null for any key of its role that control knows. */
  cnf: { jkt: string } | null;
  /** Seconds since the epoch, until when; null for never. */
  read: number | null;
  write: number | null;
}

/**
 * How long a pass is good for, in seconds. Reading is how work begins, so it ends soon. What a call leaves behind is put
 * when it ends, and a call that asks people may take 25 hours.
 */
export const PASS_LIFETIME_S: Record<PassVerb, number> = { read: 30 * 60, write: 26 * 3_600 };

/** Asks for a pass. */
export interface PassRequest {
  runId: string;
  organizationId: string;
  bearer: PassBearer;
}

export interface ArtifactPass {
  token: string;
  /** Milliseconds since the epoch, until when work may begin with it. */
  usableUntil: number;
}

/** Codes of failures that another pass heals. */
export const PASS_OVER: ReadonlySet<string> = new Set(['artifact-pass-expired', 'artifact-pass-missing']);
