import type { CredentialMaterial, CredentialScope, Revocation } from '../../domain/credential';

export interface IssueRequest {
  /** Names the credential at its provider too, as far as that lets us: so that it can be found and revoked. */
  handle: string;
  scope: CredentialScope;
  /** Milliseconds since the epoch; a provider that only knows longer lives is told to revoke. */
  expiresAt: number;
  signal: AbortSignal;
}

export interface Issued extends Omit<CredentialMaterial, 'header'> {
  /** When it ends at the provider, where that is not when it was asked to. */
  expiresAt?: number;
}

/** One provider of credentials, set up for one account and role. */
export interface Issuer {
  provider: string;
  /** @throws anything; what was made half is revoked by its handle */
  issue(request: IssueRequest): Promise<Issued>;
  /**
   * Ends a credential. Done again, it changes nothing.
   *
   * @param material null after a restart: what a provider only revokes by the secret itself then lapses
   */
  revoke(handle: string, material: CredentialMaterial | null, signal: AbortSignal): Promise<Revocation>;
  /** Whether issuing again gives the very same secret. @default false */
  isRepeatable?: boolean;
}
