import { z } from '@hono/zod-openapi';
import { BREAK_GLASS_MS, MAX_BREAK_GLASS_MS } from '../../domain/break-glass';
import { name, text, time } from './parts';

const halt = z.enum(['none', 'paused', 'stopped']).openapi('Halt');

export const halting = z
  .strictObject({
    reason: text(2_000).default('').openapi({ description: 'Audited; must be there, unless runs go on' }),
  })
  .openapi('Halting', { example: { reason: 'a change freeze' } });

export const halted = z
  .object({
    agent: z.string().optional().openapi({ description: 'Absent for the organization' }),
    halt,
    isChanged: z.boolean().openapi({ description: 'False when it was so already' }),
    runsTold: z
      .int()
      .openapi({ description: 'Open runs that were told; others find out at their next gate' }),
  })
  .openapi('Halted');

const haltView = z.object({
  halt: z.enum(['paused', 'stopped']),
  scope: z.enum(['organization', 'agent', 'run']),
  by: z.string(),
  reason: z.string(),
  since: time.nullable(),
});

export const standingHalts = z
  .object({
    organization: haltView.nullable(),
    agents: z.array(haltView.extend({ agent: z.string() })),
  })
  .openapi('Halts');

const breakGlassScope = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('organization') }),
    z.strictObject({ kind: z.literal('agent'), agent: name }),
    z.strictObject({ kind: z.literal('run'), runId: name }),
  ])
  .openapi('BreakGlassScope');

export const breakGlassBody = z
  .strictObject({
    reason: text(2_000).min(1).openapi({ description: 'What the emergency is; audited' }),
    scope: breakGlassScope.default({ kind: 'organization' }),
    durationMs: z
      .int()
      .min(1)
      .max(MAX_BREAK_GLASS_MS)
      .default(BREAK_GLASS_MS)
      .openapi({ description: 'From its confirmation on, in milliseconds' }),
  })
  .openapi('NewBreakGlass', {
    example: { reason: 'the shop is down', scope: { kind: 'agent', agent: 'demo' }, durationMs: 900_000 },
  });

export const breakGlass = z
  .object({
    id: z.string(),
    person: z.string().openapi({ description: 'Whose approvals are enough while it is active' }),
    reason: z.string(),
    scope: breakGlassScope,
    durationMs: z.int(),
    status: z
      .enum(['requested', 'active', 'ended', 'lapsed'])
      .openapi({ description: '`active` alone is worth anything' }),
    requestedAt: time,
    confirmedBy: z.string().nullable(),
    expiresAt: time.nullable().openapi({ description: 'Null until it is confirmed' }),
    endedBy: z.string().nullable(),
    remainingMs: z.number().openapi({ description: 'Until it lapses or ends by itself; 0 for one that did' }),
  })
  .openapi('BreakGlass');
