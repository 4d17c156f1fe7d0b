import type { CredentialRequest, RequestFacts } from '../broker/credential-records';
import type { AuditHead } from '../domain/audit-head';
import type { CredentialNeed } from '../domain/credential';
import { TOP_UP_TOOL } from '../domain/top-up';
import type { PrismaClient } from './generated/client';

export interface KnownFacts extends RequestFacts {
  /** Where the run's audit chain ended just now. */
  head: AuditHead;
}

/** What decides a request, read at once. */
export async function factsOf(
  client: PrismaClient,
  { runId, organizationId, callId, tool, args }: CredentialRequest,
): Promise<KnownFacts> {
  const [row] = await client.$queryRaw<FactsRow[]>`
    SELECT r."agent", r."auditLength", r."auditHash", r."endedAt" IS NOT NULL AS "hasEnded",
      r."halt" <> 'none' OR o."halt" <> 'none' OR COALESCE(g."halt" <> 'none', FALSE) AS "isHalted",
      s."content"::json -> 'permissions' AS permissions,
      (s."content"::json -> 'budget' ->> 'maxCredentialRequests')::int AS limit,
      EXISTS (SELECT FROM "DecisionRecord" d WHERE d."runId" = r."id" AND d."callId" = ${callId} AND d."isGranted"
        AND d."verdict" = 'allow' AND d."gated" -> 'call' ->> 'tool' = ${tool}
        AND d."gated" -> 'call' ->> 'args' = ${args}) AS "isGranted",
      EXISTS (SELECT FROM "Credential" c WHERE c."runId" = r."id" AND c."callId" = ${callId}) AS "isRedeemed",
      (SELECT count(*)::int FROM "Credential" c WHERE c."runId" = r."id") AS issued
    FROM "Run" r JOIN "Organization" o ON o."id" = r."organizationId"
      JOIN "PolicySnapshot" s ON s."id" = r."snapshotId"
      LEFT JOIN "Agent" g ON g."organizationId" = r."organizationId" AND g."name" = r."agent"
    WHERE r."id" = ${runId} AND r."organizationId" = ${organizationId}`;
  if (!row) return { ...NOTHING, head: { length: 0, hash: '' } };
  // What people added is only looked for where it matters.
  const added = row.issued >= row.limit ? await toppedUp(client, runId) : 0;
  const { auditLength: length, auditHash: hash, ...known } = row;
  return { ...known, limit: row.limit + added, head: { length, hash } };
}

/** What a tool of the run's pinned snapshot declares that its calls need. */
export async function needOf(
  client: PrismaClient,
  { runId, organizationId }: Pick<CredentialRequest, 'runId' | 'organizationId'>,
  tool: string,
): Promise<CredentialNeed | null> {
  const [row] = await client.$queryRaw<{ credential: CredentialNeed | null }[]>`
    SELECT t -> 'credential' AS credential
    FROM "Run" r JOIN "PolicySnapshot" s ON s."id" = r."snapshotId", json_array_elements(s."content"::json -> 'tools') t
    WHERE r."id" = ${runId} AND r."organizationId" = ${organizationId} AND t ->> 'name' = ${tool}`;
  return row?.credential ?? null;
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

interface FactsRow extends RequestFacts {
  auditLength: number;
  auditHash: string;
}

/** Credential requests that people added to the run's limit: by approving a top-up, or by one of their own. */
async function toppedUp(client: PrismaClient, runId: string): Promise<number> {
  const [row] = await client.$queryRaw<{ added: number }[]>`
    WITH own AS (SELECT "body"::json AS body FROM "AuditRecord" WHERE "runId" = ${runId} AND "kind" = 'top-up')
    SELECT (COALESCE((SELECT sum((body -> 'budget' ->> 'maxCredentialRequests')::int) FROM own), 0)
      + COALESCE((SELECT sum((COALESCE(a."outcome" ->> 'args', a."args")::json ->> 'maxCredentialRequests')::int)
        FROM "Approval" a WHERE a."runId" = ${runId} AND a."tool" = ${TOP_UP_TOOL}
          AND a."status" IN ('approved', 'edited')
          AND NOT EXISTS (SELECT FROM own, json_array_elements_text(body -> 'settled') AS settled(id)
            WHERE settled.id = a."id")), 0))::int AS added`;
  return row?.added ?? 0;
}
