import type { CredentialView } from '../domain/credential';
import type { Database } from './database';
import type { CredentialStatus } from './generated/client';
import type { RunAddress } from './run-rows';

export type CredentialList = ReturnType<typeof createCredentialList>;

/** A credential as it is recorded: everything but the secret. */
export interface StoredCredential extends CredentialView {
  callId: string;
  status: CredentialStatus;
  /** Milliseconds since the epoch. */
  createdAt: number;
  endedAt: number | null;
}

export const createCredentialList = (database: Database) =>
  database.guarded({
    /** Those of a run, oldest first. */
    async list({ runId, organizationId }: RunAddress): Promise<StoredCredential[]> {
      const rows = await database.client.credential.findMany({
        where: { runId, organizationId },
        orderBy: [{ createdAt: 'asc' }, { handle: 'asc' }],
      });
      return rows.map(
        ({ handle, provider, account, role, scope, callId, status, expiresAt, createdAt, endedAt }) => ({
          ...{ handle, provider, account, role, scope, callId, status },
          expiresAt: expiresAt.getTime(),
          createdAt: createdAt.getTime(),
          endedAt: endedAt?.getTime() ?? null,
        }),
      );
    },
  });
