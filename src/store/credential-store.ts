import type {
  CredentialRecords,
  CredentialRequest,
  LiveCredential,
  NewCredential,
  RequestFacts,
} from '../broker/credential-records';
import type { EffectivePermissions } from '../domain/permissions';
import { TOP_UP_TOOL } from '../domain/top-up';
import { CREDENTIALS_TOOL } from '../tools/credentials';
import type { AuditEntry } from './audit-chain';
import { appendRecords } from './audit-store';
import type { Database } from './database';
import { type Credential, Prisma } from './generated/client';
import { lockRun } from './people-transaction';

/** An issue that nobody finished for so long was broken off, in milliseconds. */
const ISSUING_MS = 60_000;
/** Most credentials that one sweep ends. */
const MAX_DUE = 200;

const LIVE = ['issuing', 'issued'] as const;

/** What the broker keeps; every change is in the audit chain of the run it concerns. */
export const createCredentialStore = (
  database: Database,
  now: () => number = Date.now,
): CredentialRecords => {
  const { client } = database;

  async function record(
    transaction: Prisma.TransactionClient,
    run: { runId: string; organizationId: string },
    entry: Omit<AuditEntry, 'at'>,
  ): Promise<void> {
    await appendRecords(transaction, run, { audit: [{ ...entry, at: now() }] });
  }

  return database.guarded({
    async reserve(
      request: CredentialRequest,
      decide: (facts: RequestFacts) => NewCredential,
    ): Promise<LiveCredential> {
      const { runId, organizationId, callId } = request;
      return client.$transaction(async (transaction) => {
        await lockRun(transaction, runId);
        const facts = await factsOf(transaction, request);
        const credential = decide(facts);
        const { expiresAt, ...columns } = credential;
        await transaction.credential.create({
          data: {
            ...columns,
            runId,
            organizationId,
            callId,
            expiresAt: new Date(expiresAt),
            createdAt: new Date(now()),
          },
        });
        return { ...credential, runId, organizationId, callId, agent: facts.agent };
      });
    },

    async issued(credential: LiveCredential): Promise<boolean> {
      const { handle, runId, expiresAt } = credential;
      return client.$transaction(async (transaction) => {
        await record(transaction, credential, {
          key: `credential:${handle}`,
          kind: 'credential.issued',
          body: { ...bodyOf(credential), expiresAt },
        });
        const [row] = await transaction.$queryRaw<{ isOpen: boolean }[]>`
          UPDATE "Credential" SET "status" = 'issued', "expiresAt" = ${new Date(expiresAt).toISOString()}::timestamptz
          FROM "Run" r WHERE "handle" = ${handle} AND r."id" = ${runId}
          RETURNING r."endedAt" IS NULL AND "Credential"."endedAt" IS NULL AS "isOpen"`;
        return row?.isOpen === true;
      });
    },

    async refused(request: CredentialRequest, code: string): Promise<void> {
      const { callId, account, role, scope } = request;
      await client.$transaction((transaction) =>
        record(transaction, request, {
          key: `credential-refused:${callId}`,
          kind: 'credential.refused',
          body: { callId, account, role, scope, code },
        }),
      );
    },

    async redeemed(credential: LiveCredential, by: { callId: string; presenter: string }): Promise<void> {
      const { handle } = credential;
      const { callId, presenter } = by;
      await client.$transaction(async (transaction) => {
        await record(transaction, credential, {
          key: `credential-redeemed:${handle}:${callId}:${presenter}`,
          kind: 'credential.redeemed',
          body: { handle, callId, presenter },
        });
        await transaction.credential.update({ where: { handle }, data: { presenter } });
      });
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
      await client.$transaction(async (transaction) => {
        await record(transaction, credential, {
          key: `credential-revoked:${handle}`,
          kind: 'credential.revoked',
          body: { ...bodyOf(credential), how },
        });
        await transaction.credential.update({
          where: { handle },
          data: { status: how === 'revoked' ? 'revoked' : 'lapsed', endedAt: new Date(now()) },
        });
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

async function factsOf(
  transaction: Prisma.TransactionClient,
  { runId, organizationId, callId, args }: CredentialRequest,
): Promise<RequestFacts> {
  const [row] = await transaction.$queryRaw<FactsRow[]>`
    SELECT r."agent", r."endedAt" IS NOT NULL AS "hasEnded",
      r."halt" <> 'none' OR o."halt" <> 'none' OR COALESCE(g."halt" <> 'none', FALSE) AS "isHalted",
      s."content"::json -> 'permissions' AS permissions,
      (s."content"::json -> 'budget' ->> 'maxCredentialRequests')::int AS limit,
      EXISTS (SELECT FROM "DecisionRecord" d WHERE d."runId" = r."id" AND d."callId" = ${callId} AND d."isGranted"
        AND d."verdict" = 'allow' AND d."gated" -> 'call' ->> 'tool' = ${CREDENTIALS_TOOL}
        AND d."gated" -> 'call' ->> 'args' = ${args}) AS "isGranted",
      EXISTS (SELECT FROM "Credential" c WHERE c."runId" = r."id" AND c."callId" = ${callId}) AS "isRedeemed",
      (SELECT count(*)::int FROM "Credential" c WHERE c."runId" = r."id") AS issued
    FROM "Run" r JOIN "Organization" o ON o."id" = r."organizationId"
      JOIN "PolicySnapshot" s ON s."id" = r."snapshotId"
      LEFT JOIN "Agent" g ON g."organizationId" = r."organizationId" AND g."name" = r."agent"
    WHERE r."id" = ${runId} AND r."organizationId" = ${organizationId}`;
  if (!row) return { ...NOTHING };
  // What people added is only looked for where it matters.
  const added = row.issued >= row.limit ? await toppedUp(transaction, runId) : 0;
  return { ...row, limit: row.limit + added };
}

/** Of a run that is not there nothing is granted. */
const NOTHING: RequestFacts = {
  agent: '',
  permissions: {
    tier: 0,
    allowed: { kind: 'only', tools: [] },
    deniedTools: [],
    maxTurns: 0,
    maxTokenBudget: 0,
    requiresApproval: { prCreation: true, credentialRequest: true, productionAccess: true },
  },
  hasEnded: true,
  isHalted: false,
  isGranted: false,
  isRedeemed: false,
  issued: 0,
  limit: 0,
};

interface FactsRow extends Omit<RequestFacts, 'permissions'> {
  permissions: EffectivePermissions;
}

/** Credential requests that people added to the run's limit: by approving a top-up, or by one of their own. */
async function toppedUp(transaction: Prisma.TransactionClient, runId: string): Promise<number> {
  const [row] = await transaction.$queryRaw<{ added: number }[]>(Prisma.sql`
    WITH own AS (SELECT "body"::json AS body FROM "AuditRecord" WHERE "runId" = ${runId} AND "kind" = 'top-up')
    SELECT (COALESCE((SELECT sum((body -> 'budget' ->> 'maxCredentialRequests')::int) FROM own), 0)
      + COALESCE((SELECT sum((COALESCE(a."outcome" ->> 'args', a."args")::json ->> 'maxCredentialRequests')::int)
        FROM "Approval" a WHERE a."runId" = ${runId} AND a."tool" = ${TOP_UP_TOOL}
          AND a."status" IN ('approved', 'edited')
          AND NOT EXISTS (SELECT FROM own, json_array_elements_text(body -> 'settled') AS settled(id)
            WHERE settled.id = a."id")), 0))::int AS added`);
  return row?.added ?? 0;
}

function liveOf(row: Credential & { run: { agent: string } }): LiveCredential {
  const { handle, runId, organizationId, callId, provider, account, role, scope, presenter } = row;
  return {
    ...{ handle, runId, organizationId, callId, provider, account, role, scope, presenter },
    agent: row.run.agent,
    expiresAt: row.expiresAt.getTime(),
  };
}
