import { type Finding, findingId } from '../domain/decision';
import type { Effect, Mark } from '../domain/effect';
import type { NotificationSubject } from '../domain/notification';
import type { RunStatus } from '../domain/run';
import type { Database } from './database';
import type { NotificationDelivery, PrismaClient, Webhook } from './generated/client';

export type DeliveryStore = ReturnType<typeof createDeliveryStore>;

/** A notification that has to be delivered, and where. */
export interface DueDelivery {
  id: string;
  organizationId: string;
  webhook: Pick<Webhook, 'url' | 'kind' | 'secret' | 'hasContent'> & { isRemoved: boolean };
  run: { id: string; agent: string } | null;
  /** Milliseconds since the epoch. */
  at: number;
  subject: NotificationSubject;
}

/** How one attempt ended. */
export interface AttemptToRecord {
  id: string;
  /** Hex sha-256; null when nothing was sent. */
  bodyHash: string | null;
  status: number | null;
  /** Public text; null when it was delivered. */
  error: string | null;
  /** When it is tried again, in milliseconds since the epoch; null for never. */
  nextAttemptAt: number | null;
  at: number;
}

/** The control worker's side of notifications. */
export const createDeliveryStore = (database: Database) =>
  database.guarded({
    /** Those that no workflow was started for yet, oldest first. */
    async listUnstarted(limit: number): Promise<string[]> {
      const rows = await database.client.notificationDelivery.findMany({
        where: { status: 'pending', startedAt: null },
        orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
        take: limit,
        select: { id: true },
      });
      return rows.map(({ id }) => id);
    },

    async markStarted(id: string, at: number): Promise<void> {
      await database.client.notificationDelivery.updateMany({
        where: { id, startedAt: null },
        data: { startedAt: new Date(at) },
      });
    },

    /** Null when it is settled already, or what it is about cannot be found. */
    async due(id: string): Promise<DueDelivery | null> {
      const row = await database.client.notificationDelivery.findUnique({
        where: { id },
        include: { webhook: true },
      });
      if (row?.status !== 'pending') return null;
      const told = await toldBy(database.client, row);
      if (!told) return null;
      const { url, kind, secret, hasContent, removedAt } = row.webhook;
      return {
        ...told,
        id,
        organizationId: row.organizationId,
        webhook: { url, kind, secret, hasContent, isRemoved: removedAt !== null },
      };
    },

    /** Keeps an attempt; a delivery that is settled stays so. */
    async recordAttempt(attempt: AttemptToRecord): Promise<void> {
      const { id, bodyHash, status, error, nextAttemptAt, at } = attempt;
      const isOver = nextAttemptAt === null;
      await database.client.notificationDelivery.updateMany({
        where: { id, status: 'pending' },
        data: {
          attempts: { increment: 1 },
          lastStatus: status,
          lastError: error,
          ...(bodyHash === null ? {} : { bodyHash }),
          nextAttemptAt: isOver ? null : new Date(nextAttemptAt),
          ...(isOver
            ? {
                status: error === null ? ('delivered' as const) : ('failed' as const),
                settledAt: new Date(at),
              }
            : {}),
        },
      });
    },

    /** Ends one that was tried for as long as it may be. */
    async giveUp(id: string, at: number): Promise<void> {
      await database.client.notificationDelivery.updateMany({
        where: { id, status: 'pending' },
        data: { status: 'failed', settledAt: new Date(at), nextAttemptAt: null },
      });
    },
  });

async function toldBy(
  client: PrismaClient,
  delivery: NotificationDelivery,
): Promise<Pick<DueDelivery, 'run' | 'at' | 'subject'> | null> {
  const { organizationId, runId, sequence, auditSequence, createdAt } = delivery;
  if (runId !== null && sequence !== null) {
    const event = await client.runEvent.findFirst({
      where: { runId, sequence, organizationId },
      include: { run: { select: { agent: true } } },
    });
    const data = event?.data as EventData | undefined;
    const subject = data ? await subjectOf(client, delivery, data) : null;
    if (!event || !subject) return null;
    return { run: { id: runId, agent: event.run.agent }, at: event.at.getTime(), subject };
  }
  if (auditSequence !== null) {
    const record = await client.organizationAuditRecord.findFirst({
      where: { organizationId, sequence: auditSequence },
    });
    if (!record) return null;
    const body = JSON.parse(record.body) as { by?: unknown; person?: unknown; reason?: unknown };
    // A request names nobody but who it is for.
    const { reason, person, by = person } = body;
    const subject: NotificationSubject = {
      kind: 'break-glass',
      record: record.kind,
      by: typeof by === 'string' ? by : null,
      reason: typeof reason === 'string' ? reason : null,
    };
    return { run: null, at: record.at.getTime(), subject };
  }
  return { run: null, at: createdAt.getTime(), subject: { kind: 'test' } };
}

interface EventData {
  approvalId?: string;
  questionId?: string;
  roles?: string[];
  reason?: string;
  status?: RunStatus;
  text?: string;
}

async function subjectOf(
  client: PrismaClient,
  { kind, organizationId, runId }: NotificationDelivery,
  data: EventData,
): Promise<NotificationSubject | null> {
  const where = (id: string | undefined) => ({ id: id ?? '', organizationId, runId: runId ?? '' });
  switch (kind) {
    case 'approval':
    case 'reminder':
    case 'escalated': {
      const approval = await client.approval.findFirst({ where: where(data.approvalId) });
      if (!approval) return null;
      const findings = approval.findings as unknown as Finding[];
      return {
        kind,
        approvalId: approval.id,
        callId: approval.callId,
        tool: approval.tool,
        effect: approval.effect as Effect,
        marks: approval.marks as Mark[],
        findings: findings.map((finding) => ({ id: findingId(finding), message: finding.message })),
        roles: data.roles ?? [...new Set(findings.flatMap(({ role }) => role ?? []))],
        expiresAt: approval.expiresAt.getTime(),
      };
    }
    case 'question': {
      const question = await client.question.findFirst({ where: where(data.questionId) });
      if (!question) return null;
      return {
        kind,
        questionId: question.id,
        question: question.question as string,
        options: question.options as string[],
        expiresAt: question.expiresAt.getTime(),
      };
    }
    case 'budget':
      return { kind, reason: data.reason ?? '' };
    case 'run-ended':
      return { kind, status: data.status ?? 'FAILED', text: data.text ?? '' };
    default:
      return null;
  }
}
