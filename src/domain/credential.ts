import type { Effect } from './effect';

/** What credentials are for. */
export const credentialScopes = ['read', 'write'] as const;
export type CredentialScope = (typeof credentialScopes)[number];

/** The effect of asking for credentials, by what they are for. */
export const EFFECT_OF_SCOPE: Record<CredentialScope, Effect> = { read: 'draft', write: 'production' };

/** What of a credential may be known to everybody: anything but the secret. */
export interface CredentialView {
  /** Names it in records, and opens nothing. */
  handle: string;
  /** Who issued it: `aws`, `postgres`, … */
  provider: string;
  account: string;
  role: string;
  scope: CredentialScope;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

/** What a program needs to use a credential. It exists in the broker, the sandbox worker and that program, nowhere else. */
export interface CredentialMaterial {
  /** Variables of the program's environment. */
  env: Record<string, string>;
  /** Files that exist for the program alone, by the variable that names each. */
  files: Record<string, CredentialFile>;
  /** Texts that no output may show, however they are spelled. */
  secrets: string[];
}

export interface CredentialFile {
  name: string;
  text: string;
}

/** A credential as the broker hands it to the host that executes the run. */
export interface IssuedCredential extends CredentialView {
  /** The call that asked for it. */
  callId: string;
  material: CredentialMaterial;
}

/** What the provider did at the end: revoked it, could only let it lapse, or has nothing that ends. */
export type Revocation = 'revoked' | 'until-expiry' | 'never';
