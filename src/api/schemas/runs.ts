import { z } from '@hono/zod-openapi';
import { credentialScopes } from '../../domain/credential';
import { runStatuses } from '../../domain/run';
import { pendingApproval, pendingQuestion, standing } from './approvals';
import { effect, finding, json, mark, name, text, time, verdict } from './parts';

export const runStatus = z.enum(runStatuses).openapi('RunStatus');

export const runOutcome = z.object({ status: runStatus, text: z.string() }).openapi('RunOutcome');

export const usage = z
  .object({
    turns: z.int(),
    tokens: z.int(),
    toolCalls: z.int(),
    pipelineRuns: z.int(),
    credentialRequests: z.int(),
    startedAt: time,
    waitedMs: z.number(),
    waitingSince: time.nullable(),
    reserved: z.object({ toolCalls: z.int(), pipelineRuns: z.int(), credentialRequests: z.int() }),
  })
  .openapi('BudgetUsage');

export const budget = z
  .object({
    maxTurns: z.int(),
    maxTokens: z.int(),
    maxToolCalls: z.int(),
    maxDurationMs: z.int(),
    maxPipelineRuns: z.int(),
    maxCredentialRequests: z.int(),
  })
  .openapi('AgentBudget');

const flag = z.boolean().optional();
const narrow = z.strictObject({
  tier: z.int().min(0).max(4).optional(),
  allowedTools: z.array(name).max(500).optional(),
  deniedTools: z.array(name).max(500).optional(),
  maxTurns: z.int().positive().optional(),
  maxTokenBudget: z.int().positive().optional(),
  requiresApproval: z
    .strictObject({ prCreation: flag, credentialRequest: flag, productionAccess: flag })
    .optional(),
});

export const topUpBody = z
  .strictObject({ budget: z.strictObject(budget.shape).partial().openapi('MoreBudget') })
  .openapi('TopUp', { example: { budget: { maxTurns: 10 } } });

export const toppedUp = z.object({ runId: z.string(), status: z.string() }).openapi('ToppedUp');

export const newRun = z
  .strictObject({
    agent: name.openapi({ example: 'demo' }),
    prompt: text(1_000_000).min(1).openapi({
      description: 'What is wanted: trusted text',
      example: 'Encrypt the bucket of the logs.',
    }),
    attachments: z
      .array(text(1_000_000))
      .max(100)
      .optional()
      .openapi({ description: 'Data to work on: not trusted' }),
    repo: name
      .optional()
      .openapi({ description: 'URL of a git repository', example: 'https://git.example/shop.git' }),
    narrow: narrow.optional().openapi({ description: 'Only tightens the permissions of the agent' }),
  })
  .openapi('NewRun');

export const startedRun = z
  .object({
    runId: z.string(),
    workflowId: z.string(),
    isNew: z.boolean().openapi({ description: 'False when this `Idempotency-Key` had started it before' }),
    isPaused: z
      .boolean()
      .openapi({ description: 'Whether it waits, since its organization or agent is paused' }),
  })
  .openapi('StartedRun');

export const listedRun = z
  .object({
    runId: z.string(),
    workflowId: z.string(),
    agent: z.string(),
    status: runStatus,
    requestedBy: z.string(),
    prompt: z.string().openapi({ description: 'Its beginning' }),
    outcome: runOutcome.nullable(),
    usage: usage.nullable(),
    createdAt: time,
    updatedAt: time,
    endedAt: time.nullable(),
  })
  .openapi('ListedRun');

const decision = z
  .object({
    step: z.int(),
    turn: z.int(),
    callId: z.string(),
    tool: z.string(),
    args: z.string(),
    verdict,
    effect: effect.nullable(),
    marks: z.array(mark),
    findings: z.array(finding),
    errors: z.array(z.object({ code: z.string(), message: z.string() })),
    policySnapshot: z.string(),
    isGranted: z.boolean(),
    at: time,
  })
  .openapi('Decision');

const credential = z
  .object({
    handle: z.string().openapi({ description: 'Names it in records, and opens nothing' }),
    provider: z.string(),
    account: z.string(),
    role: z.string(),
    scope: z.enum(credentialScopes),
    callId: z.string().openapi({ description: 'The call that asked for it' }),
    status: z.enum(['issuing', 'issued', 'revoked', 'lapsed']),
    expiresAt: time,
    createdAt: time,
    endedAt: time.nullable(),
  })
  .openapi('Credential', { description: 'What the broker issued; the secret is nowhere here' });

export const shownRun = z
  .object({
    runId: z.string(),
    workflowId: z.string(),
    agent: z.string().nullable(),
    status: runStatus,
    text: z.string().nullable().openapi({ description: 'How it ended, or why it is paused' }),
    isCurrent: z.boolean().openapi({ description: 'False where no worker answered for it' }),
    requestedBy: z.string().nullable(),
    prompt: z.string().nullable(),
    repo: z.string().nullable(),
    outcome: runOutcome.nullable(),
    usage: usage.nullable(),
    budget: budget.nullable().openapi({ description: 'Of an open run' }),
    approvals: z.array(pendingApproval),
    questions: z.array(pendingQuestion),
    standing: z.array(standing).openapi({ description: 'Approved for the rest of the run' }),
    credentials: z.array(credential).openapi({ description: 'Issued to the run, oldest first' }),
    decisions: z.array(decision).openapi({ description: 'At most 1000, in their order' }),
    lastSequence: z.int().openapi({ description: 'Of the newest event; -1 for none' }),
    snapshot: z.string().nullable(),
    createdAt: time,
    endedAt: time.nullable(),
  })
  .openapi('Run');

export const steering = z
  .strictObject({ reason: text(2_000).default('') })
  .openapi('Steering', { example: { reason: 'a change freeze' } });

export const steered = z
  .object({ runId: z.string(), requested: z.enum(['stop', 'pause', 'resume']) })
  .openapi('Steered');

const ran = {
  callId: z.string(),
  text: z.string(),
  exitCode: z.int().optional(),
  artifact: z.string().optional(),
};
const callOutcome = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('done'), ...ran }),
  z.object({ kind: z.literal('failed'), ...ran }),
  z.object({
    kind: z.literal('refused'),
    callId: z.string(),
    text: z.string(),
    findings: z.array(z.string()),
  }),
  z.object({ kind: z.literal('unknown'), callId: z.string(), text: z.string() }),
  z.object({
    kind: z.literal('answered'),
    callId: z.string(),
    text: z.string(),
    answeredBy: z.string().nullable(),
  }),
]);

const transcriptEntry = z
  .discriminatedUnion('role', [
    z.object({ role: z.literal('system'), systemPrompt: z.string(), policyDigest: z.string() }),
    z.object({ role: z.literal('user'), text: z.string(), attachments: z.array(z.string()).optional() }),
    z.object({
      role: z.literal('assistant'),
      text: z.string(),
      calls: z.array(z.object({ id: z.string(), tool: z.string(), args: z.string() })),
    }),
    z.object({ role: z.literal('tool'), outcomes: z.array(callOutcome) }),
    z.object({ role: z.literal('notice'), text: z.string() }),
  ])
  .openapi('TranscriptEntry');

export const transcriptPage = z
  .object({
    since: z.int(),
    entries: z.array(transcriptEntry),
    next: z.int().nullable().openapi({ description: '`since` of the next page, or null at the end' }),
  })
  .openapi('TranscriptPage');

export const answerBody = z
  .strictObject({ questionId: name, answer: text(100_000).min(1) })
  .openapi('Answer', { example: { questionId: 'qst-1f3a', answer: 'yes' } });

export const answered = z
  .object({ questionId: z.string(), runId: z.string(), status: z.string() })
  .openapi('Answered');

/** One event as its `data` line has it. */
export const runEvent = z
  .object({ runId: z.string(), sequence: z.int(), type: z.string(), data: json, at: time })
  .openapi('RunEvent');
