import type { Notification, NotificationSubject } from '../../src/domain/notification';
import { slackBody } from '../../src/notifications/slack-body';
import { webhookBody } from '../../src/notifications/webhook-body';

const HOSTILE = '<!channel> <@U123> <https://evil.example|click> & *bold*\u202e\u0007';

const about = (subject: NotificationSubject): Notification => ({
  id: 'delivery',
  organizationId: 'acme',
  run: { id: 'r1', agent: 'deployer' },
  at: Date.parse('2026-01-31T12:00:00Z'),
  subject,
  link: 'https://gatehouse.example/console/approvals/apr-1',
});

const approval = about({
  kind: 'approval',
  approvalId: 'apr-1',
  callId: 't1c1',
  tool: 'deploy',
  effect: 'production',
  marks: ['destructive'],
  findings: [{ id: 'tier/production', message: HOSTILE }],
  roles: ['sre'],
  expiresAt: Date.parse('2026-02-01T12:00:00Z'),
});

test('a webhook gets ids and facts, and what others wrote apart, made visible', () => {
  expect(JSON.parse(webhookBody(approval, true))).toEqual({
    type: 'approval.pending',
    timestamp: '2026-01-31T12:00:00.000Z',
    data: {
      organizationId: 'acme',
      runId: 'r1',
      agent: 'deployer',
      approvalId: 'apr-1',
      callId: 't1c1',
      tool: 'deploy',
      effect: 'production',
      marks: ['destructive'],
      roles: ['sre'],
      findings: ['tier/production'],
      expiresAt: '2026-02-01T12:00:00.000Z',
      link: 'https://gatehouse.example/console/approvals/apr-1',
      content: {
        findings: [
          {
            id: 'tier/production',
            message: '<!channel> <@U123> <https://evil.example|click> & *bold*\\u{202e}\\u{7}',
          },
        ],
      },
    },
  });
});

const question = about({
  kind: 'question',
  questionId: 'que-1',
  question: HOSTILE,
  options: [HOSTILE, 'no'],
  expiresAt: 0,
});
const ended = about({ kind: 'run-ended', status: 'COMPLETED', text: `${HOSTILE}${'x'.repeat(10_000)}` });

test.each([
  ['an approval', approval],
  ['a question', question],
  ['an ended run', ended],
])('content is left out of %s where it is not wanted', (_what, notification) => {
  for (const body of [webhookBody, slackBody]) {
    expect(body(notification, true)).toContain('bold');
    expect(body(notification, false)).not.toContain('bold');
  }
});

test.each([
  ['an approval', approval],
  ['a question', question],
  ['an ended run', ended],
])('nobody can be mentioned in Slack by %s, and no link be smuggled in', (_what, notification) => {
  const body = slackBody(notification, true);
  expect(body).not.toMatch(/[<>]/);
  expect(body).not.toMatch(/&(?!amp;|lt;|gt;)/);
  const { text, blocks } = JSON.parse(body);
  expect(typeof text).toBe('string');
  // Text of others is never markup.
  const types = blocks.flatMap((block: { text?: { type: string } }) => block.text?.type ?? []);
  expect(new Set(types)).toEqual(new Set(['plain_text']));
  const buttons = blocks.filter(({ type }: { type: string }) => type === 'actions');
  expect(buttons).toEqual([
    expect.objectContaining({
      elements: [expect.objectContaining({ url: 'https://gatehouse.example/console/approvals/apr-1' })],
    }),
  ]);
});

test('long texts are cut to what Slack takes', () => {
  for (const { text } of JSON.parse(slackBody(ended, true)).blocks)
    expect(text?.text.length ?? 0).toBeLessThan(3_000);
  expect(webhookBody(ended, true).length).toBeLessThan(4_000);
});
