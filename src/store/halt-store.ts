import { GatehouseError } from '../domain/errors';
import { describeHalt, type Halt, type HaltScope, type HaltView } from '../domain/halt';
import type { HaltReader, HaltToNote } from '../policy/halt-records';
import { appendRecords } from './audit-store';
import type { Database } from './database';
import type { Prisma, PrismaClient } from './generated/client';
import { appendOrganizationRecords } from './organization-audit';
import { numbered } from './run-commit';

export type HaltStore = ReturnType<typeof createHaltStore>;

/** Who halts or resumes, and why; both are audited. */
export interface HaltRequest {
  halt: Halt;
  by: string;
  reason: string;
}

/** Halts that hold in an organization, beside those of single runs. */
export interface StandingHalts {
  organization: HaltView | null;
  agents: (HaltView & { agent: string })[];
}

/** Sets and reads halts; each change is in the audit chain of what it concerns. */
export const createHaltStore = (database: Database, now: () => number = Date.now) => {
  const { client } = database;
  return database.guarded({
    /** @returns whether it was otherwise before @throws GatehouseError `organization-unknown` */
    async setOrganization(organizationId: string, request: HaltRequest): Promise<boolean> {
      return client.$transaction(async (transaction) => {
        const { halt, by, reason } = request;
        const { count } = await transaction.organization.updateMany({
          where: { id: organizationId, halt: { not: halt } },
          data: { halt },
        });
        await appendOrganizationRecords(transaction, organizationId, (sequence) =>
          count === 0
            ? []
            : [
                {
                  key: `${ORGANIZATION_HALT}:${sequence}`,
                  kind: ORGANIZATION_HALT,
                  body: { halt, by, reason },
                  at: now(),
                },
              ],
        );
        return count > 0;
      });
    },

    /** @returns whether it was otherwise before @throws GatehouseError `agent-unknown` */
    async setAgent(organizationId: string, agent: string, request: HaltRequest): Promise<boolean> {
      return client.$transaction(async (transaction) => {
        const { halt, by, reason } = request;
        const where = { organizationId, name: agent };
        const stored = await transaction.agent.findFirst({ where, select: { halt: true } });
        if (!stored) throw new GatehouseError('agent-unknown', `there is no agent \`${agent}\``);
        if (stored.halt === halt) return false;
        // A halt is no new version of the definition.
        await transaction.$executeRaw`UPDATE "Agent" SET "halt" = ${halt}::"Halt"
          WHERE "organizationId" = ${organizationId} AND "name" = ${agent}`;
        await appendOrganizationRecords(transaction, organizationId, (sequence) => [
          {
            key: `${AGENT_HALT}:${sequence}`,
            kind: AGENT_HALT,
            body: { agent, halt, by, reason },
            at: now(),
          },
        ]);
        return true;
      });
    },

    /** @returns whether there is a row of the run, which its dispatch makes: without one nothing was set */
    async setRun(organizationId: string, runId: string, request: HaltRequest): Promise<boolean> {
      return client.$transaction(async (transaction) => {
        const { halt, by, reason } = request;
        const where = { id: runId, organizationId };
        const run = await transaction.run.findFirst({ where, select: { halt: true, auditLength: true } });
        if (!run) return false;
        if (run.halt === halt) return true;
        await transaction.run.updateMany({ where, data: { halt } });
        const at = now();
        await appendRecords(
          transaction,
          { runId, organizationId },
          {
            audit: [{ key: `${RUN_HALT}:${at}:${halt}`, kind: RUN_HALT, body: { halt, by, reason }, at }],
          },
        );
        return true;
      });
    },

    read: (run: Parameters<HaltReader['read']>[0]) => readHalt(client, run),

    async note(asked: HaltToNote): Promise<HaltView | null> {
      const { runId, organizationId, known, firstSequence } = asked;
      return client.$transaction(async (transaction) => {
        const found = await readHalt(transaction, asked);
        if (isSame(found, known)) return found;
        const status = found === null ? asked.status : 'PAUSED';
        const { count } = await transaction.run.updateMany({
          where: { id: runId, organizationId, endedAt: null },
          data: found?.halt === 'stopped' ? {} : { status },
        });
        // Not dispatched yet, or over.
        if (count === 0 || found?.halt === 'stopped') return found;
        const text = found
          ? describeHalt(found)
          : await resumedBy(transaction, asked, known?.scope ?? 'organization');
        await appendRecords(
          transaction,
          { runId, organizationId },
          {
            events: numbered(runId, firstSequence, now(), [{ type: 'status', data: { status, text } }]),
          },
        );
        return found;
      });
    },

    /** What holds now, apart from single runs. */
    async standing(organizationId: string): Promise<StandingHalts> {
      const [organization, agents] = await Promise.all([
        client.organization.findUnique({ where: { id: organizationId }, select: { halt: true } }),
        client.agent.findMany({
          where: { organizationId, halt: { not: 'none' } },
          select: { name: true, halt: true },
          orderBy: { name: 'asc' },
        }),
      ]);
      const subject = { organizationId, runId: '', agent: '' };
      const whole = organization?.halt ?? 'none';
      return {
        organization: whole === 'none' ? null : await viewOf(client, subject, 'organization', whole),
        agents: await Promise.all(
          agents.map(async ({ name, halt }) => ({
            agent: name,
            ...(await viewOf(client, { ...subject, agent: name }, 'agent', halt as HaltView['halt'])),
          })),
        ),
      };
    },
  });
};

const ORGANIZATION_HALT = 'organization-halt';
const AGENT_HALT = 'agent-halt';
const RUN_HALT = 'halt';

type Reader = PrismaClient | Prisma.TransactionClient;
type Subject = Parameters<HaltReader['read']>[0];

/** The halt that holds a run, within a transaction that does something else too. */
export async function readHalt(client: Reader, subject: Subject): Promise<HaltView | null> {
  const { runId, organizationId, agent } = subject;
  const [row] = await client.$queryRaw<Record<HaltScope, Halt>[]>`
    SELECT o."halt"::text AS organization, COALESCE(a."halt"::text, 'none') AS agent, COALESCE(r."halt"::text, 'none') AS run
    FROM "Organization" o
      LEFT JOIN "Agent" a ON a."organizationId" = o."id" AND a."name" = ${agent}
      LEFT JOIN "Run" r ON r."organizationId" = o."id" AND r."id" = ${runId}
    WHERE o."id" = ${organizationId}`;
  if (!row) return null;
  for (const halt of ['stopped', 'paused'] as const)
    for (const scope of ['organization', 'agent', 'run'] as const)
      if (row[scope] === halt) return viewOf(client, subject, scope, halt);
  return null;
}

async function viewOf(
  client: Reader,
  subject: Subject,
  scope: HaltScope,
  halt: HaltView['halt'],
): Promise<HaltView> {
  const last = await lastChange(client, subject, scope);
  // Set without a command, it differs from the last one that was.
  if (last?.halt !== halt) return { halt, scope, by: 'an operator', reason: '', since: null };
  return { halt, scope, by: last.by, reason: last.reason, since: last.at };
}

async function resumedBy(client: Reader, subject: Subject, scope: HaltScope): Promise<string> {
  const last = await lastChange(client, subject, scope);
  if (last?.halt !== 'none') return 'resumed';
  return `resumed by ${last.by}${last.reason ? `: ${last.reason}` : ''}`;
}

/** The newest audit record about a halt of this scope. */
async function lastChange(
  client: Reader,
  { runId, organizationId, agent }: Subject,
  scope: HaltScope,
): Promise<{ halt: Halt; by: string; reason: string; at: number } | null> {
  const [row] = await (scope === 'run'
    ? client.$queryRaw<AuditRow[]>`SELECT "body", "at" FROM "AuditRecord"
        WHERE "runId" = ${runId} AND "organizationId" = ${organizationId} AND "kind" = ${RUN_HALT}
        ORDER BY "sequence" DESC LIMIT 1`
    : client.$queryRaw<AuditRow[]>`SELECT "body", "at" FROM "OrganizationAuditRecord"
        WHERE "organizationId" = ${organizationId} AND (CASE WHEN ${scope === 'agent'}
          THEN "kind" = ${AGENT_HALT} AND "body"::json ->> 'agent' = ${agent} ELSE "kind" = ${ORGANIZATION_HALT} END)
        ORDER BY "sequence" DESC LIMIT 1`);
  return row ? { ...JSON.parse(row.body), at: row.at.getTime() } : null;
}

interface AuditRow {
  body: string;
  at: Date;
}

function isSame(one: HaltView | null, other: HaltView | null): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
