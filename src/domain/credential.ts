import { type Effect, effects } from './effect';

/** What credentials are for. */
export const credentialScopes = ['read', 'write'] as const;
export type CredentialScope = (typeof credentialScopes)[number];

/** Credentials as they are asked for. */
export interface CredentialNeed {
  account: string;
  role: string;
  scope: CredentialScope;
}

/** The effect of asking for credentials, by what they are for. */
export const EFFECT_OF_SCOPE: Record<CredentialScope, Effect> = { read: 'draft', write: 'production' };

/** Whether programs of a call of this effect may use credentials: those for writing only where a person approved it. */
export function mayUse(effect: Effect, scope: CredentialScope): boolean {
  switch (scope) {
    case 'read':
      return effects.indexOf(effect) >= effects.indexOf('draft');
    case 'write':
      return effect === 'production';
    default:
      return scope satisfies never;
  }
}

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
  /** Where it is the proxy that uses it, and no program is given anything. */
  header?: CredentialHeader;
}

/** What the proxy puts into each request to one host. */
export interface CredentialHeader {
  /** As in an agent's `network`. */
  host: string;
  name: string;
  /** Of the header's value: `{}` is where the secret goes, `{base64}` where its base64 does. */
  template: string;
  secret: string;
  /** PEM of who signed the host's certificate, where the system does not know it. */
  certificateAuthority?: string;
}

export interface CredentialFile {
  name: string;
  text: string;
}

/** A credential as the broker hands it to the host that executes the run. */
export interface IssuedCredential extends CredentialView {
  /** The call that asked for it. */
  callId: string;
  /** Whether programs of that call alone get it. */
  isForCall: boolean;
  material: CredentialMaterial;
}

/** What the provider did at the end: revoked it, could only let it lapse, or has nothing that ends. */
export type Revocation = 'revoked' | 'until-expiry' | 'never';
