import {
  type BreakGlassRequest,
  type BreakGlassScope,
  type BreakGlassStatus,
  type BreakGlassTerms,
  CONFIRM_WITHIN_MS,
} from '../domain/break-glass';
import { GatehouseError } from '../domain/errors';
import { peopleSettings } from '../domain/people-settings';
import type { Database } from './database';
import type { Prisma, BreakGlassScope as ScopeKind } from './generated/client';
import { appendOrganizationRecords } from './organization-audit';

export type BreakGlassStore = ReturnType<typeof createBreakGlassStore>;

export interface StoredBreakGlass extends BreakGlassTerms {
  id: string;
  person: string;
  status: BreakGlassStatus;
  /** Milliseconds since the epoch. */
  requestedAt: number;
  confirmedBy: string | null;
  /** Null until it is confirmed. */
  expiresAt: number | null;
  endedBy: string | null;
  /** Milliseconds until it lapses or ends by itself; 0 for one that did. */
  remainingMs: number;
}

/** Somebody whose word was looked at. */
export interface Identified {
  by: string;
  isVerified: boolean;
}

/**
 * Break-glass: each step in one transaction with its audit record. Every time that decides is the database's own, so that
 * no worker's clock, and no worker that is lost, prolongs anything.
 */
export const createBreakGlassStore = (database: Database) => {
  const { client } = database;

  async function find(organizationId: string, id: string): Promise<StoredBreakGlass> {
    const [row] = await select(client, organizationId, id);
    if (!row) throw unknown(id);
    return viewOf(row);
  }

  return database.guarded({
    find,

    /** Newest first. */
    async list(organizationId: string): Promise<StoredBreakGlass[]> {
      return (await select(client, organizationId, null)).map(viewOf);
    },

    /** Idempotent by id. @throws GatehouseError `agent-unknown`, `run-unknown`, `organization-unknown` */
    async request(request: BreakGlassRequest, { by, isVerified }: Identified): Promise<void> {
      const { id, organizationId, reason, scope, durationMs } = request;
      await client.$transaction(async (transaction) => {
        await requireTarget(transaction, organizationId, scope);
        const count = await transaction.$executeRaw`
          INSERT INTO "BreakGlass"
            ("id", "organizationId", "person", "reason", "scope", "target", "durationMs", "requestedAt", "confirmUntil")
          SELECT ${id}, ${organizationId}, ${by}, ${reason}, ${scope.kind}::"BreakGlassScope", ${targetOf(scope)},
            ${durationMs}, now(), now() + ${CONFIRM_WITHIN_MS} * interval '1 millisecond'
          ON CONFLICT ("id") DO NOTHING`;
        if (count > 0)
          await record(transaction, organizationId, id, 'requested', {
            person: by,
            isVerified,
            reason,
            scope,
            durationMs,
          });
      });
    },

    /**
     * Makes it active, from now for as long as was asked for.
     *
     * @throws GatehouseError `break-glass-unknown`, `break-glass-settled`, `break-glass-alone` when nobody else says so
     *   in an organization of several people
     */
    async confirm(organizationId: string, id: string, { by, isVerified }: Identified): Promise<void> {
      await client.$transaction(async (transaction) => {
        const stored = await lock(transaction, organizationId, id);
        if (stored.status === 'active' && stored.confirmedBy === by) return;
        if (stored.status !== 'requested') throw settled(stored);
        const isAlone = stored.person === by;
        if (isAlone && !(await isSingleOperator(transaction, organizationId)))
          throw new GatehouseError(
            'break-glass-alone',
            'a second person confirms a break-glass: who asked for it cannot',
          );
        await transaction.$executeRaw`UPDATE "BreakGlass" SET "confirmedBy" = ${by}, "confirmedAt" = now(),
          "expiresAt" = now() + "durationMs" * interval '1 millisecond' WHERE "id" = ${id}`;
        await record(transaction, organizationId, id, 'confirmed', {
          person: stored.person,
          by,
          isVerified,
          ...(isAlone ? { isAlone: true } : {}),
          reason: stored.reason,
          scope: stored.scope,
          durationMs: stored.durationMs,
        });
      });
    },

    /** Ends it by hand; one that is over stays as it is. @throws GatehouseError `break-glass-unknown` */
    async end(organizationId: string, id: string, { by, isVerified }: Identified): Promise<void> {
      await client.$transaction(async (transaction) => {
        const stored = await lock(transaction, organizationId, id);
        if (stored.status === 'ended' || stored.status === 'lapsed') return;
        await transaction.$executeRaw`UPDATE "BreakGlass" SET "endedAt" = now(), "endedBy" = ${by} WHERE "id" = ${id}`;
        await record(transaction, organizationId, id, 'ended', { by, isVerified });
      });
    },

    /** Records the end of one whose time is over. @returns milliseconds until then; null once it is over */
    async settle(organizationId: string, id: string): Promise<number | null> {
      return client.$transaction(async (transaction) => {
        const stored = await lock(transaction, organizationId, id);
        if (stored.remainingMs > 0) return stored.remainingMs;
        const count = await transaction.$executeRaw`
          UPDATE "BreakGlass" SET "endedAt" = now() WHERE "id" = ${id} AND "endedAt" IS NULL`;
        if (count > 0) await record(transaction, organizationId, id, stored.status, { by: null });
        return null;
      });
    },
  });
};

/** Audits, in the organization's chain, that an approval counted by a break-glass. */
export async function recordBreakGlassUse(
  transaction: Prisma.TransactionClient,
  organizationId: string,
  id: string,
  use: { by: string; runId: string; approvalId: string; tool: string },
): Promise<void> {
  await record(transaction, organizationId, id, 'used', { ...use });
}

interface BreakGlassRow {
  id: string;
  person: string;
  reason: string;
  scope: ScopeKind;
  target: string;
  durationMs: number;
  requestedAt: Date;
  confirmedBy: string | null;
  expiresAt: Date | null;
  endedBy: string | null;
  isEnded: boolean;
  remainingMs: number;
}

function select(
  client: Prisma.TransactionClient,
  organizationId: string,
  id: string | null,
): Promise<BreakGlassRow[]> {
  return client.$queryRaw<BreakGlassRow[]>`
    SELECT "id", "person", "reason", "scope"::text AS scope, "target", "durationMs", "requestedAt", "confirmedBy",
      "expiresAt", "endedBy", "endedAt" IS NOT NULL AS "isEnded",
      CASE WHEN "endedAt" IS NOT NULL THEN 0 ELSE GREATEST(0, ceil(extract(epoch FROM
        COALESCE("expiresAt", "confirmUntil") - clock_timestamp()) * 1000))::float8 END AS "remainingMs"
    FROM "BreakGlass" WHERE "organizationId" = ${organizationId} AND (${id}::text IS NULL OR "id" = ${id})
    ORDER BY "requestedAt" DESC, "id" LIMIT 200`;
}

async function lock(
  transaction: Prisma.TransactionClient,
  organizationId: string,
  id: string,
): Promise<StoredBreakGlass> {
  await transaction.$executeRaw`SELECT FROM "BreakGlass" WHERE "id" = ${id} FOR NO KEY UPDATE`;
  const [row] = await select(transaction, organizationId, id);
  if (!row) throw unknown(id);
  return viewOf(row);
}

function viewOf({ scope, target, isEnded, requestedAt, expiresAt, ...row }: BreakGlassRow): StoredBreakGlass {
  const isOver = isEnded || row.remainingMs === 0;
  const isConfirmed = row.confirmedBy !== null;
  return {
    ...row,
    scope: scopeOf(scope, target),
    status: isOver ? (isConfirmed || row.endedBy ? 'ended' : 'lapsed') : isConfirmed ? 'active' : 'requested',
    requestedAt: requestedAt.getTime(),
    expiresAt: expiresAt?.getTime() ?? null,
  };
}

function scopeOf(kind: ScopeKind, target: string): BreakGlassScope {
  switch (kind) {
    case 'organization':
      return { kind };
    case 'agent':
      return { kind, agent: target };
    case 'run':
      return { kind, runId: target };
  }
}

function targetOf(scope: BreakGlassScope): string {
  switch (scope.kind) {
    case 'organization':
      return '';
    case 'agent':
      return scope.agent;
    case 'run':
      return scope.runId;
  }
}

async function requireTarget(
  transaction: Prisma.TransactionClient,
  organizationId: string,
  scope: BreakGlassScope,
): Promise<void> {
  switch (scope.kind) {
    case 'organization':
      return;
    case 'agent':
      if (await transaction.agent.findFirst({ where: { organizationId, name: scope.agent } })) return;
      throw new GatehouseError('agent-unknown', `there is no agent \`${scope.agent}\``);
    case 'run':
      if (await transaction.run.findFirst({ where: { organizationId, id: scope.runId } })) return;
      throw new GatehouseError('run-unknown', `there is no run \`${scope.runId}\``);
  }
}

async function isSingleOperator(
  transaction: Prisma.TransactionClient,
  organizationId: string,
): Promise<boolean> {
  const organization = await transaction.organization.findUnique({
    where: { id: organizationId },
    select: { people: true },
  });
  return peopleSettings(organization?.people).isSingleOperator;
}

function record(
  transaction: Prisma.TransactionClient,
  organizationId: string,
  id: string,
  what: string,
  body: Record<string, unknown>,
): Promise<void> {
  return appendOrganizationRecords(transaction, organizationId, (sequence) => [
    {
      key: `break-glass-${what}:${id}:${sequence}`,
      kind: `break-glass-${what}`,
      body: { id, ...body },
      at: Date.now(),
    },
  ]);
}

function settled({ id, status }: StoredBreakGlass): GatehouseError {
  return new GatehouseError('break-glass-settled', `break-glass \`${id}\` is \`${status}\` already`);
}

function unknown(id: string): GatehouseError {
  return new GatehouseError(
    'break-glass-unknown',
    `there is no break-glass \`${id}\`; \`gatehouse break-glass list\` shows those there are`,
  );
}
