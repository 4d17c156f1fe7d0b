import type {
  CredentialRecords,
  CredentialRequest,
  LiveCredential,
  NewCredential,
  RequestFacts,
} from '../broker/credential-records';
import type { AuditHead } from '../domain/audit-head';
import { GatehouseError } from '../domain/errors';
import type { AuditEntry } from './audit-chain';
import { factsOf, needOf } from './credential-facts';
import type { Database } from './database';
import type { Credential, Prisma } from './generated/client';
import { commitRun, isDuplicate } from './run-commit';

/** An issue that nobody finished for so long was broken off, in milliseconds. */
const ISSUING_MS = 60_000;
/** Most credentials that one sweep ends. */
const MAX_DUE = 200;
/** How often a request may meet another one of the same run. */
const MAX_ATTEMPTS = 8;

const LIVE = ['issuing', 'issued'] as const;

/** What the broker keeps; every change is in the audit chain of the run it concerns. */
export const createCredentialStore = (
  database: Database,
  now: () => number = Date.now,
): CredentialRecords => {
  const { client } = database;
  /** Where the chain of a run stood when credentials were reserved in it. */
  const heads = new Map<string, AuditHead>();

  async function record(
    run: Run,
    entries: readonly Omit<AuditEntry, 'at'>[],
    known?: AuditHead,
  ): Promise<void> {
    const { runId, organizationId } = run;
    const at = now();
    const audit = entries.map((entry) => ({ ...entry, at }));
    await commitRun(client, { runId, organizationId, audit, at }, known);
  }

  return database.guarded({
    needOf: (run: Run, tool: string) => needOf(client, run, tool),

    async reserve(
      request: CredentialRequest,
      decide: (facts: RequestFacts) => NewCredential,
    ): Promise<LiveCredential> {
      const { runId, organizationId, callId } = request;
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        const facts = await factsOf(client, request);
        const credential = decide(facts);
        const { handle, provider, account, role, scope, isForCall, presenter, expiresAt } = credential;
        try {
          await client.$executeRaw`INSERT INTO "Credential" ("handle", "organizationId", "runId", "callId", "isForCall",
              "ordinal", "provider", "account", "role", "scope", "presenter", "expiresAt", "createdAt")
            VALUES (${handle}, ${organizationId}, ${runId}, ${callId}, ${isForCall}, ${facts.issued + 1}, ${provider},
              ${account}, ${role}, ${scope}::"CredentialScope", ${presenter}, ${time(expiresAt)}::timestamptz,
              ${time(now())}::timestamptz)`;
        } catch (error) {
          // Somebody was quicker: what is so now decides.
          if (isDuplicate(error)) continue;
          throw error;
        }
        heads.set(handle, facts.head);
        return { ...credential, runId, organizationId, callId, agent: facts.agent };
      }
      throw new GatehouseError(
        'run-busy',
        `run \`${runId}\` asks for too many credentials at once; try again`,
      );
    },

    async issued(credential: LiveCredential): Promise<boolean> {
      const { handle, runId, expiresAt } = credential;
      const known = heads.get(handle);
      heads.delete(handle);
      // First, so that nothing is handed out that the audit does not know.
      await record(
        credential,
        [
          {
            key: `credential:${handle}`,
            kind: 'credential-issued',
            body: { ...bodyOf(credential), expiresAt },
          },
        ],
        known,
      );
      const [row] = await client.$queryRaw<{ isOpen: boolean }[]>`
        UPDATE "Credential" SET "status" = 'issued', "expiresAt" = ${time(expiresAt)}::timestamptz
        FROM "Run" r WHERE "handle" = ${handle} AND r."id" = ${runId} AND "Credential"."status" = 'issuing'
        RETURNING r."endedAt" IS NULL AS "isOpen"`;
      return row?.isOpen === true;
    },

    async refused(request: CredentialRequest, code: string): Promise<void> {
      const { callId, account, role, scope } = request;
      await record(request, [
        {
          key: `credential-refused:${callId}`,
          kind: 'credential-refused',
          body: { callId, account, role, scope, code },
        },
      ]);
    },

    async redeemed(
      credentials: readonly LiveCredential[],
      { callId, presenter }: { callId: string; presenter: string },
    ): Promise<void> {
      const [first] = credentials;
      if (!first) return;
      await record(
        first,
        credentials.map(({ handle }) => ({
          key: `credential-redeemed:${handle}:${callId}:${presenter}`,
          kind: 'credential-redeemed',
          body: { handle, callId, presenter },
        })),
      );
      const moved = credentials.filter((credential) => credential.presenter !== presenter);
      if (moved.length === 0) return;
      const handles = moved.map(({ handle }) => handle);
      await client.credential.updateMany({ where: { handle: { in: handles } }, data: { presenter } });
    },

    async ofOpenRun({ runId, organizationId }: Run): Promise<LiveCredential[]> {
      return list({ runId, organizationId, status: 'issued', run: { endedAt: null } });
    },

    async ofRun({ runId, organizationId }: Run): Promise<LiveCredential[]> {
      return list({ runId, organizationId, status: { in: [...LIVE] } });
    },

    async due(): Promise<LiveCredential[]> {
      const at = now();
      return list({
        OR: [
          { status: { in: [...LIVE] }, expiresAt: { lte: new Date(at) } },
          { status: 'issued', run: { endedAt: { not: null } } },
          { status: 'issuing', createdAt: { lte: new Date(at - ISSUING_MS) } },
        ],
      });
    },

    async holders(): Promise<Run[]> {
      return client.credential.findMany({
        where: { status: 'issued', run: { endedAt: null } },
        distinct: ['runId'],
        select: { runId: true, organizationId: true },
        take: MAX_DUE,
      });
    },

    async revoked(credential, how) {
      const { handle } = credential;
      await record(credential, [
        {
          key: `credential-revoked:${handle}`,
          kind: 'credential-revoked',
          body: { ...bodyOf(credential), how },
        },
      ]);
      await client.credential.update({
        where: { handle },
        data: { status: how === 'revoked' ? 'revoked' : 'lapsed', endedAt: new Date(now()) },
      });
    },
  } satisfies CredentialRecords);

  async function list(where: Prisma.CredentialWhereInput): Promise<LiveCredential[]> {
    const rows = await client.credential.findMany({
      where,
      include: { run: { select: { agent: true } } },
      orderBy: { createdAt: 'asc' },
      take: MAX_DUE,
    });
    return rows.map(liveOf);
  }
};

interface Run {
  runId: string;
  organizationId: string;
}

/** What an audit record says of a credential. */
function bodyOf({ handle, callId, provider, account, role, scope }: LiveCredential) {
  return { handle, callId, provider, account, role, scope };
}

/** Milliseconds since the epoch as PostgreSQL reads them. */
function time(at: number): string {
  return new Date(at).toISOString();
}

function liveOf(row: Credential & { run: { agent: string } }): LiveCredential {
  const { handle, runId, organizationId, callId, isForCall, provider, account, role, scope, presenter } = row;
  return {
    ...{ handle, runId, organizationId, callId, isForCall, provider, account, role, scope, presenter },
    agent: row.run.agent,
    expiresAt: row.expiresAt.getTime(),
  };
}
