import { z } from '@hono/zod-openapi';
import { effect, finding, json, mark, name, text, time } from './parts';

export const approvalStatuses = ['pending', 'approved', 'denied', 'edited', 'expired', 'void'] as const;

const scope = z.enum(['once', 'run']);

const vote = z.object({
  by: z.string(),
  verdict: z.enum(['approve', 'deny']),
  args: z.string().nullable(),
  reason: z.string(),
  scope,
  roles: z.array(z.string()).nullable(),
  isVerified: z.boolean(),
  waived: z.literal('four-eyes').optional(),
  at: time,
});

const progress = z
  .object({
    votes: z.array(z.object({ by: z.string(), isVerified: z.boolean(), at: time })),
    quorum: z.int(),
    roles: z.array(z.object({ role: z.string(), quorum: z.int(), votes: z.int() })),
    fourEyes: z.boolean(),
    escalatedTo: z.string().nullable(),
    missing: z.string().openapi({ description: 'In words', example: '2 more approvers' }),
  })
  .openapi('ApprovalProgress', { description: 'What was said so far and what is still needed' });

const held = {
  id: z.string(),
  runId: z.string(),
  callId: z.string(),
  tool: z.string(),
  args: z.string().openapi({ description: 'RFC 8785 JSON: exactly what will run' }),
  effect,
  marks: z.array(mark),
  findings: z.array(finding).openapi({ description: 'Those that asked' }),
  actionHash: z.string().openapi({ description: 'What a decision is bound to' }),
  expiresAt: time,
  requestedBy: z.string(),
  progress: progress,
};

const approvalOutcome = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('approved'), by: z.array(z.string()), scope: z.literal('run').optional() }),
  z.object({ kind: z.literal('edited'), by: z.string(), args: z.string() }),
  z.object({ kind: z.literal('denied'), by: z.string(), reason: z.string() }),
  z.object({ kind: z.literal('void'), reason: z.string() }),
  z.object({ kind: z.literal('expired'), waitedMs: z.number() }),
]);

export const approval = z
  .object({
    ...held,
    status: z.enum(approvalStatuses),
    votes: z.array(vote),
    outcome: approvalOutcome.nullable(),
    createdAt: time,
    settledAt: time.nullable(),
  })
  .openapi('Approval');

export const pendingApproval = z
  .object({ ...held, votes: z.array(vote), createdAt: time })
  .openapi('PendingApproval');

export const pendingQuestion = z
  .object({
    id: z.string(),
    runId: z.string(),
    callId: z.string(),
    question: z.string(),
    options: z.array(z.string()),
    expiresAt: time,
    createdAt: time,
  })
  .openapi('PendingQuestion');

const decisionParts = {
  decision: z.enum(['approve', 'deny']),
  actionHash: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .openapi({ description: 'Of what the approver saw; a decision on anything else does not count' }),
  reason: text(10_000).optional().openapi({ description: 'The model is told it' }),
  scope: scope.optional().openapi({ description: '`run`: the same action for the rest of the run' }),
  args: json.optional().openapi({
    type: 'object',
    additionalProperties: true,
    description: 'Other arguments than those asked for: gated again before they run',
  }),
};

export const decisionBody = z.strictObject(decisionParts).openapi('NewDecision', {
  example: { decision: 'approve', actionHash: 'ab'.repeat(32) },
});

export const decided = z
  .object({
    approvalId: z.string(),
    runId: z.string(),
    status: z
      .string()
      .openapi({ description: 'As `approved`, `denied`, `edited`, `waiting for more approvers`' }),
  })
  .openapi('Decided');

export const batchBody = z
  .strictObject({
    decisions: z
      .array(z.strictObject({ approvalId: name, ...decisionParts }))
      .min(1)
      .max(100),
  })
  .openapi('NewDecisions');

export const batchAnswer = z
  .object({
    results: z
      .array(
        z.discriminatedUnion('accepted', [
          z.object({
            approvalId: z.string(),
            accepted: z.literal(true),
            runId: z.string(),
            status: z.string(),
          }),
          z.object({
            approvalId: z.string(),
            accepted: z.literal(false),
            code: z.string(),
            detail: z.string(),
          }),
        ]),
      )
      .openapi({ description: 'In the order given; each counts or not by itself' }),
  })
  .openapi('DecidedBatch');

export const standing = z
  .object({
    approvalId: z.string(),
    runId: z.string(),
    tool: z.string(),
    args: z.string(),
    by: z.array(z.string()),
    createdAt: time,
    revokedAt: time.nullable(),
    revokedBy: z.string().nullable(),
  })
  .openapi('StandingApproval');

export const revoked = z
  .object({ approvalId: z.string(), runId: z.string(), status: z.string() })
  .openapi('RevokedApproval');
