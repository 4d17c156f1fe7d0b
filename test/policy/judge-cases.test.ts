/** Runs the tables of `test/cases/`: a case can be added there without TypeScript. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { reasons, verdicts } from '../../src/domain/decision';
import { effects, marks } from '../../src/domain/effect';
import { AutonomyTier, tierNames } from '../../src/domain/tier';
import type { ToolDeclaration } from '../../src/domain/tool-declaration';
import { judge } from '../../src/policy/judge';
import { AT, facts, snapshotOf, toolsWith } from './fixture';

const flag = z.boolean().optional();
const caseSchema = z.strictObject({
  name: z.string(),
  agent: z.strictObject({
    tier: z.enum(tierNames).transform((name) => AutonomyTier[name]),
    allowedTools: z.array(z.string()).optional(),
    deniedTools: z.array(z.string()).optional(),
    requiresApproval: z
      .strictObject({ prCreation: flag, credentialRequest: flag, productionAccess: flag })
      .optional(),
  }),
  tools: z.array(z.custom<ToolDeclaration>()).default([]),
  facts: z
    .strictObject({ lastValidateStep: z.int(), lastWriteStep: z.int(), driftIterations: z.int() })
    .partial()
    .default({}),
  /** `text` are arguments as a model sent them, where they are no well-formed JSON. */
  call: z.strictObject({ tool: z.string(), args: z.unknown().optional(), text: z.string().optional() }),
  expect: z.strictObject({
    verdict: z.enum(verdicts),
    effect: z.enum(effects).nullable(),
    marks: z.array(z.enum(marks)).optional(),
    /** All of the findings that made the verdict, in order; `message` is a part of it. */
    reasons: z
      .array(
        z.strictObject({ layer: z.string(), rule: z.string().optional(), message: z.string().optional() }),
      )
      .optional(),
  }),
});
const matrixSchema = z.strictObject({
  effect: z.enum(effects),
  marks: z.array(z.enum(marks)),
  verdicts: z.array(z.enum(verdicts)).length(tierNames.length),
});

function table<Schema extends z.ZodType>(file: string, schema: Schema): z.infer<Schema>[] {
  return z.array(schema).parse(parse(readFileSync(path.join(__dirname, '../cases', file), 'utf8')));
}

describe.each(['tools.yaml', 'approvals.yaml'])('%s', (file) => {
  test.each(table(file, caseSchema).map((each) => [each.name, each] as const))('%s', (_name, each) => {
    const { decision } = judge(
      { id: 'call-1', tool: each.call.tool, args: each.call.text ?? JSON.stringify(each.call.args) },
      { runId: 'run-1', snapshot: snapshotOf(each.agent), facts: facts(each.facts), now: AT },
      toolsWith(each.tools),
    );
    expect(decision).toMatchObject({ verdict: each.expect.verdict, effect: each.expect.effect, errors: [] });
    if (each.expect.marks) expect(decision.marks).toEqual(each.expect.marks);
    if (each.expect.reasons)
      expect(reasons(decision)).toEqual(
        each.expect.reasons.map(({ message, ...finding }) =>
          expect.objectContaining({
            ...finding,
            ...(message === undefined ? {} : { message: expect.stringContaining(message) }),
          }),
        ),
      );
  });
});

const cells = table('tiers.yaml', matrixSchema).flatMap((row) =>
  tierNames.map((tier, index) => ({
    ...row,
    tier,
    verdict: row.verdicts[index],
    what: row.marks.length === 0 ? row.effect : `${row.effect} (${row.marks.join(', ')})`,
  })),
);

test.each(cells)('$what at $tier: $verdict', ({ effect, marks, tier, verdict }) => {
  const { decision } = judge(
    { id: 'call-1', tool: 'probe', args: JSON.stringify({ effect, marks }) },
    // All tools, so that the tier alone speaks.
    { runId: 'run-1', snapshot: openAt(AutonomyTier[tier]), facts: facts(), now: AT },
    toolsWith(),
  );
  expect(decision.verdict).toBe(verdict);
  expect(reasons(decision).every(({ layer }) => layer === 'tier')).toBe(true);
  expect(reasons(decision)).not.toEqual([]);
});

test('the table has every effect, and every mark with the effects that reach anything', () => {
  const rows = table('tiers.yaml', matrixSchema);
  for (const effect of effects) {
    expect(rows.some((row) => row.effect === effect && row.marks.length === 0)).toBe(true);
    if (effect === 'propose') continue;
    for (const mark of marks)
      if (!(effect === 'read' && mark === 'destructive'))
        expect(rows.some((row) => row.effect === effect && row.marks.includes(mark))).toBe(true);
  }
});

function openAt(tier: AutonomyTier) {
  const snapshot = snapshotOf({ tier });
  return { ...snapshot, permissions: { ...snapshot.permissions, allowed: { kind: 'all' as const } } };
}
