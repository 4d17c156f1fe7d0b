import { z } from '@hono/zod-openapi';
import { finding, name, next, text, time, verdict } from './parts';

export const policy = z.object({ name: z.string(), version: z.int(), content: z.string() }).openapi('Policy');

export const policyVersion = z
  .object({
    version: z.int(),
    content: z.string(),
    tests: z.string().nullable().openapi({ description: 'The table of cases published with it (YAML)' }),
    publishedBy: z.string(),
    publishedAt: time,
  })
  .openapi('PolicyVersion');

const MAX_FILE = 512 * 1024;

export const candidates = z
  .strictObject({
    policies: z
      .array(
        z.strictObject({
          file: z
            .string()
            .regex(/^[A-Za-z0-9][\w.-]{0,100}\.md$/)
            .openapi({ example: 'naming.md' }),
          content: text(MAX_FILE).min(1).openapi({
            description: 'Front matter and Markdown',
            example: '---\nname: Naming\nversion: 1\n---\n- Resources are named {env}-{service}-{type}\n',
          }),
          tests: text(MAX_FILE).optional().openapi({ description: 'The table of cases beside it (YAML)' }),
        }),
      )
      .min(1)
      .max(100),
  })
  .openapi('CandidatePolicies');

export const problem = z
  .object({
    severity: z.enum(['error', 'warning']),
    file: z.string(),
    line: z.int(),
    rule: z.string().nullable(),
    message: z.string(),
    suggestion: z.string().nullable(),
  })
  .openapi('PolicyProblem');

export const published = z
  .object({
    policies: z.array(
      z.object({
        name: z.string(),
        version: z.int(),
        isChanged: z.boolean(),
        hasNewTests: z.boolean().openapi({ description: 'Whether its tests are others than those kept' }),
      }),
    ),
    runsTold: z.int().openapi({ description: 'How many runs decide again what waits for approval' }),
  })
  .openapi('PublishedPolicies');

export const rolledBack = z
  .object({ name: z.string(), version: z.int(), from: z.int(), to: z.int(), runsTold: z.int() })
  .openapi('RolledBackPolicy');

const policyText = z.object({ version: z.int().nullable(), content: z.string() });
export const policyDifference = z
  .object({ name: z.string(), from: policyText, to: policyText, patch: z.string() })
  .openapi('PolicyDifference');

const covered = {
  bullets: z.array(
    z.object({
      policy: z.string(),
      file: z.string(),
      line: z.int(),
      text: z.string(),
      demand: z.string().nullable(),
      state: z.enum(['enforced', 'advisory']),
      rules: z.array(z.object({ id: z.string(), tests: z.array(z.string()) })),
    }),
  ),
  problems: z.array(problem),
};

export const coverage = z.object(covered).openapi('PolicyCoverage');

export const publishedCoverage = z
  .object({
    name: z.string(),
    version: z.int(),
    hasTests: z.boolean().openapi({ description: 'False where none were published with it' }),
    ...covered,
  })
  .openapi('PublishedPolicyCoverage');

const flip = z.object({
  runId: z.string(),
  step: z.int(),
  callId: z.string(),
  tool: z.string(),
  args: z.string(),
  from: verdict,
  to: verdict,
  reasonsBefore: z.array(finding),
  reasonsAfter: z.array(finding),
  isAlready: z.boolean(),
});

const voided = z.object({
  id: z.string(),
  runId: z.string(),
  callId: z.string(),
  tool: z.string(),
  args: z.string(),
  to: verdict,
  reasons: z.array(finding),
});

export const simulation = z
  .object({
    runs: z.int(),
    runsWithoutAgent: z.int(),
    calls: z.int(),
    changed: z.int(),
    changedAlready: z.int(),
    flips: z.array(flip).openapi({ description: 'At most 1000' }),
    voided: z.array(voided).openapi({ description: 'Approvals that wait and would become void' }),
    unknown: z.int(),
  })
  .openapi('PolicySimulation');

export const agent = z
  .object({
    name: z.string(),
    version: z.int(),
    updatedAt: time,
    definition: z.looseObject({ name: z.string(), tier: z.int(), model: z.string() }),
  })
  .openapi('Agent');

export const appliedAgent = z
  .object({ name: z.string(), version: z.int(), isChanged: z.boolean() })
  .openapi('AppliedAgent');

export const auditRecord = z
  .object({
    runId: z.string().nullable().openapi({ description: 'Null for the organization’s own' }),
    sequence: z.int(),
    kind: z.string(),
    body: z.unknown(),
    at: time,
    hash: z.string(),
  })
  .openapi('AuditRecord');

export const auditPage = z.object({ records: z.array(auditRecord), next }).openapi('AuditPage');

export const versionInQuery = z.coerce
  .number()
  .int()
  .min(1)
  .max(2_147_483_647)
  .openapi({ type: 'integer', minimum: 1, maximum: 2_147_483_647 });

export const kindInQuery = name.openapi({ example: 'approval' });
