/** Runs the tables of `test/cases/`: a case can be added there without TypeScript. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { reasons, verdicts } from '../../src/domain/decision';
import { effects, marks } from '../../src/domain/effect';
import { AutonomyTier, tierNames } from '../../src/domain/tier';
import { readCases, runCase } from '../../src/policy/case-file';
import { judge } from '../../src/policy/judge';
import { AT, facts, snapshotOf, toolsWith } from './fixture';

const matrixSchema = z.strictObject({
  effect: z.enum(effects),
  marks: z.array(z.enum(marks)),
  verdicts: z.array(z.enum(verdicts)).length(tierNames.length),
});

function table<Schema extends z.ZodType>(file: string, schema: Schema): z.infer<Schema>[] {
  return z.array(schema).parse(parse(readFileSync(path.join(__dirname, '../cases', file), 'utf8')));
}

const files = readdirSync(path.join(__dirname, '../cases')).filter((name) =>
  /^(?:tools|approvals|commands.*)\.yaml$/.test(name),
);

describe.each(files)('%s', (file) => {
  const cases = readCases(path.join(__dirname, '../cases', file));
  test.each(cases.map((each) => [each.name, each] as const))('%s', async (_name, each) => {
    expect((await runCase(each)).failures).toEqual([]);
    // Both are the specification; a case that leaves one out says too little.
    expect(each.expect).toMatchObject({ effect: each.expect.effect ?? null });
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
