/** Runs `test/cases/tier-table.yaml`: every built-in tool at every tier, without and with each approval. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { type Decision, reasons, verdicts } from '../../src/domain/decision';
import type { ApprovalFlag } from '../../src/domain/permissions';
import { AutonomyTier, tierNames } from '../../src/domain/tier';
import { judge } from '../../src/policy/judge';
import { builtInTools } from '../../src/tools/catalogue';
import { AT, facts, snapshotOf, toolsWith } from './fixture';

const flags = ['prCreation', 'credentialRequest', 'productionAccess'] as const satisfies ApprovalFlag[];

const rowSchema = z.strictObject({
  call: z
    .record(z.string(), z.record(z.string(), z.unknown()))
    .refine((call) => Object.keys(call).length === 1, 'a row has one call')
    .transform((call) => Object.entries(call)[0]!),
  verdicts: z.array(z.enum(verdicts)).length(tierNames.length),
  asksWith: z.array(z.enum(flags)).default([]),
});
const rows = z
  .array(rowSchema)
  .parse(parse(readFileSync(path.join(__dirname, '../cases/tier-table.yaml'), 'utf8')));

/** What is required beside the tier's own: nothing, one approval, all of them. */
const requirements: readonly (readonly ApprovalFlag[])[] = [[], ...flags.map((flag) => [flag]), flags];

const cells = rows.flatMap(({ call: [tool, args], verdicts: expected, asksWith }) =>
  tierNames.flatMap((tier, column) =>
    requirements.map((required) => {
      const base = expected[column]!;
      const verdict = base === 'allow' && required.some((flag) => asksWith.includes(flag)) ? 'ask' : base;
      return { tool, args, shown: JSON.stringify(args).slice(0, 60), tier, required, verdict, asksWith };
    }),
  ),
);

function decide({ tool, args, tier, required }: (typeof cells)[number]): Decision {
  const requiresApproval = Object.fromEntries(required.map((flag) => [flag, true]));
  const snapshot = snapshotOf({ tier: AutonomyTier[tier], requiresApproval });
  return judge(
    { id: 'call-1', tool, args: JSON.stringify(args) },
    { runId: 'run-1', snapshot, facts: facts(), now: AT },
    toolsWith(),
  ).decision;
}

test.each(cells)('$tool $shown at $tier, $required required: $verdict', (cell) => {
  const decision = decide(cell);
  expect(decision).toMatchObject({ verdict: cell.verdict, errors: [] });
  // Otherwise it was refused for its arguments, and the row says nothing about its tier.
  expect(decision.effect).not.toBeNull();
  expect(reasons(decision).every(({ message }) => message !== '')).toBe(true);
});

test('each approval that a row names is the reason where it is required', () => {
  for (const cell of cells)
    if (cell.verdict === 'ask')
      for (const flag of cell.required.filter((each) => cell.asksWith.includes(each)))
        expect(decide(cell).findings).toContainEqual(
          expect.objectContaining({ verdict: 'ask', layer: 'approvals', rule: flag }),
        );
});

test('a call that its tier does not reach is told the tier it needs', () => {
  const [observed] = cells.filter(({ tool, tier }) => tool === 'terraform-apply' && tier === 'OBSERVE');
  expect(reasons(decide(observed!))[0]?.message).toContain('needs tier PROD_GATED');
});

test('no built-in tool is missing in the table, and none is in it that does not exist', () => {
  expect(new Set(rows.map(({ call: [tool] }) => tool))).toEqual(new Set(builtInTools.keys()));
});

test('every approval is tried where it matters', () => {
  expect(new Set(rows.flatMap(({ asksWith }) => asksWith))).toEqual(new Set(flags));
});
