import type { Notification, NotificationSubject } from '../domain/notification';
import { visibleLines, visibleText } from '../domain/visible-text';

/** Longest text of one block; the service takes 3,000 characters, and escaping makes it longer. */
const MAX_TEXT = 500;

/**
 * A message in Slack's Block Kit, with `text` for notifications. What models, tools and people wrote stands in
 * `plain_text` blocks of its own, where nothing is markup, and everything is escaped: nobody is mentioned by it.
 *
 * @param hasContent whether such text goes along
 */
export function slackBody(notification: Notification, hasContent: boolean): string {
  const { run, subject, link, organizationId } = notification;
  const title = titleOf(subject);
  const where = [organizationId, ...(run ? [`run ${run.id}`, `agent ${run.agent}`] : [])];
  return JSON.stringify({
    text: escaped(`${title}: ${where.join(', ')}`),
    blocks: [
      plain(title),
      { type: 'context', elements: [plainText([...where, ...factsOf(subject)].join(' · '))] },
      ...(hasContent ? contentOf(subject).map(plain) : []),
      ...(link ? [button(link)] : []),
    ],
    unfurl_links: false,
    unfurl_media: false,
  });
}

function titleOf(subject: NotificationSubject): string {
  switch (subject.kind) {
    case 'approval':
      return `An approval is needed for ${subject.tool}`;
    case 'reminder':
      return `An approval for ${subject.tool} still waits`;
    case 'escalated':
      return `An approval for ${subject.tool} waits for ${subject.roles.join(', ') || 'somebody else'}`;
    case 'question':
      return 'A run asks a question';
    case 'budget':
      return 'The budget of a run';
    case 'run-ended':
      return `A run ended: ${subject.status}`;
    case 'break-glass':
      return 'Break-glass';
    case 'test':
      return 'A test of this webhook';
  }
}

function factsOf(subject: NotificationSubject): string[] {
  switch (subject.kind) {
    case 'approval':
    case 'reminder':
    case 'escalated': {
      const { approvalId, effect, marks, findings, roles, expiresAt } = subject;
      return [
        [effect, ...marks].join(', '),
        ...(roles.length > 0 ? [`needs ${roles.join(', ')}`] : []),
        ...findings.map(({ id }) => id),
        approvalId,
        `until ${new Date(expiresAt).toISOString()}`,
      ];
    }
    case 'question':
      return [subject.questionId, `until ${new Date(subject.expiresAt).toISOString()}`];
    case 'break-glass':
      return [subject.record, ...(subject.by === null ? [] : [`by ${subject.by}`])];
    case 'budget':
    case 'run-ended':
    case 'test':
      return [];
  }
}

function contentOf(subject: NotificationSubject): string[] {
  switch (subject.kind) {
    case 'approval':
    case 'reminder':
    case 'escalated':
      return subject.findings.slice(0, 10).map(({ id, message }) => `${id}: ${message}`);
    case 'question':
      return [subject.question, ...subject.options.slice(0, 20).map((option) => `- ${option}`)];
    case 'budget':
      return [subject.reason];
    case 'run-ended':
      return subject.text === '' ? [] : [subject.text];
    case 'break-glass':
      return subject.reason === null ? [] : [subject.reason];
    case 'test':
      return [];
  }
}

function plain(text: string) {
  return { type: 'section', text: plainText(text) };
}

function plainText(text: string) {
  return { type: 'plain_text', text: escaped(visibleLines(text, MAX_TEXT)), emoji: false };
}

function button(url: string) {
  return {
    type: 'actions',
    elements: [{ type: 'button', text: plainText('Open in Gatehouse'), url, action_id: 'open' }],
  };
}

/** INVARIANT: mentions, channels and links all begin with `<`, so that none is left. */
function escaped(text: string): string {
  return visibleText(text.replaceAll('\n', ' ⏎ '), 4 * MAX_TEXT)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
