import type { Notification, NotificationSubject } from '../domain/notification';
import { visibleLines, visibleText } from '../domain/visible-text';

/** Longest text of a model, tool or person that is sent along. */
const MAX_TEXT = 2_000;

/**
 * What a webhook gets: ids and our own facts, and under `content` what models, tools and people wrote, made visible and
 * cut. Never arguments, outputs or secrets.
 *
 * @param hasContent whether `content` goes along
 */
export function webhookBody(notification: Notification, hasContent: boolean): string {
  const { organizationId, run, at, subject, link } = notification;
  const { facts, content } = partsOf(subject);
  return JSON.stringify({
    type: typeOf(subject),
    timestamp: new Date(at).toISOString(),
    data: {
      organizationId,
      ...(run ? { runId: run.id, agent: run.agent } : {}),
      ...facts,
      ...(link ? { link } : {}),
      ...(hasContent && content ? { content } : {}),
    },
  });
}

/** `approval.pending`, `run.ended`: as Standard Webhooks names events. */
export function typeOf({ kind }: NotificationSubject): string {
  switch (kind) {
    case 'approval':
      return 'approval.pending';
    case 'reminder':
      return 'approval.reminder';
    case 'escalated':
      return 'approval.escalated';
    case 'question':
      return 'question.asked';
    case 'budget':
      return 'run.budget';
    case 'run-ended':
      return 'run.ended';
    case 'break-glass':
      return 'organization.break-glass';
    case 'test':
      return 'webhook.test';
  }
}

type Part = Record<string, unknown>;

function partsOf(subject: NotificationSubject): { facts: Part; content?: Part } {
  switch (subject.kind) {
    case 'approval':
    case 'reminder':
    case 'escalated': {
      const { approvalId, callId, tool, effect, marks, findings, roles, expiresAt } = subject;
      return {
        facts: {
          ...{ approvalId, callId, tool: visibleText(tool, 100), effect, marks, roles },
          findings: findings.map(({ id }) => id),
          expiresAt: new Date(expiresAt).toISOString(),
        },
        content: {
          findings: findings.map(({ id, message }) => ({ id, message: visibleText(message, 500) })),
        },
      };
    }
    case 'question': {
      const { questionId, question, options, expiresAt } = subject;
      return {
        facts: { questionId, expiresAt: new Date(expiresAt).toISOString() },
        content: {
          question: visibleLines(question, MAX_TEXT),
          options: options.map((option) => visibleText(option, 200)),
        },
      };
    }
    case 'budget':
      return { facts: {}, content: { reason: visibleText(subject.reason, 500) } };
    case 'run-ended':
      return { facts: { status: subject.status }, content: { text: visibleLines(subject.text, MAX_TEXT) } };
    case 'break-glass': {
      const { record, by, reason } = subject;
      return {
        facts: { record, by: by === null ? null : visibleText(by, 100) },
        content: { reason: reason === null ? null : visibleText(reason, 500) },
      };
    }
    case 'test':
      return { facts: {} };
  }
}
