import fc from 'fast-check';
import {
  type EffectivePermissions,
  isAllowed,
  normalizeToolName,
  permissionsOfTier,
  TIER_DEFAULTS,
  type Tightening,
  tighten,
} from '../../src/domain/permissions';
import { AutonomyTier } from '../../src/domain/tier';

const TOOLS = ['read-file', 'write-file', 'git-push', 'create-pr', 'kubectl-apply'];
/** As people write them, which may be otherwise. */
const written = fc.constantFrom(...TOOLS, 'read_file', 'writeFile', 'GIT_PUSH', 'createPr');
const tier = fc.constantFrom<AutonomyTier>(0, 1, 2, 3, 4);
const tightening: fc.Arbitrary<Tightening> = fc.record(
  {
    tier,
    allowedTools: fc.array(written, { maxLength: 3 }),
    deniedTools: fc.array(written, { maxLength: 3 }),
    maxTurns: fc.nat(100),
    maxTokenBudget: fc.nat(1_000_000),
    requiresApproval: fc.record(
      { prCreation: fc.boolean(), credentialRequest: fc.boolean(), productionAccess: fc.boolean() },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);
const base = fc
  .tuple(tier, fc.array(tightening, { maxLength: 2 }))
  .map(([lowest, by]) => by.reduce(tighten, permissionsOfTier(lowest)));

const isOpen = ({ allowed, deniedTools }: EffectivePermissions, tool: string): boolean =>
  isAllowed(allowed, tool) && !deniedTools.some((name) => normalizeToolName(name) === tool);

test('tightening never loosens anything', () => {
  fc.assert(
    fc.property(base, tightening, (before, by) => {
      const after = tighten(before, by);
      expect(after.tier).toBeLessThanOrEqual(before.tier);
      for (const tool of TOOLS) if (isOpen(after, tool)) expect(isOpen(before, tool)).toBe(true);
      expect(after.maxTurns).toBeLessThanOrEqual(before.maxTurns);
      expect(after.maxTokenBudget).toBeLessThanOrEqual(before.maxTokenBudget);
      for (const flag of ['prCreation', 'credentialRequest', 'productionAccess'] as const)
        if (before.requiresApproval[flag] || by.requiresApproval?.[flag])
          expect(after.requiresApproval[flag]).toBe(true);
    }),
  );
});

test('what was asked for is applied: tools left out are closed, denied ones too', () => {
  fc.assert(
    fc.property(base, tightening, (before, by) => {
      const after = tighten(before, by);
      const asked = (by.allowedTools ?? []).map(normalizeToolName);
      const denied = (by.deniedTools ?? []).map(normalizeToolName);
      for (const tool of TOOLS) {
        if (asked.length > 0 && !asked.includes(tool)) expect(isOpen(after, tool)).toBe(false);
        if (denied.includes(tool)) expect(isOpen(after, tool)).toBe(false);
      }
    }),
  );
});

test('tightening twice by the same is tightening once', () => {
  fc.assert(
    fc.property(base, tightening, (before, by) => {
      expect(tighten(tighten(before, by), by)).toEqual(tighten(before, by));
    }),
  );
});

test('an intersection that comes out empty allows no tool, and stays so', () => {
  const observed = tighten(permissionsOfTier(AutonomyTier.OBSERVE), { allowedTools: ['write-file'] });
  expect(observed.allowed).toEqual({ kind: 'only', tools: [] });
  expect(TOOLS.filter((tool) => isOpen(observed, tool))).toEqual([]);
  expect(tighten(observed, { allowedTools: [] }).allowed).toEqual({ kind: 'only', tools: [] });
});

test('narrowing a run to a lower tier closes what that tier closes', () => {
  const narrowed = tighten(permissionsOfTier(AutonomyTier.PROD_GATED), { tier: AutonomyTier.OBSERVE });
  expect(TOOLS.filter((tool) => isOpen(narrowed, tool))).toEqual(['read-file']);
  expect(narrowed.requiresApproval).toEqual({
    prCreation: true,
    credentialRequest: true,
    productionAccess: true,
  });
});

test('a higher tier in a tightening is ignored', () => {
  expect(tighten(permissionsOfTier(AutonomyTier.DRAFT), { tier: AutonomyTier.PROD_GATED }).tier).toBe(
    AutonomyTier.DRAFT,
  );
});

test('tightening leaves the defaults of the tiers as they are', () => {
  const before = structuredClone(TIER_DEFAULTS);
  tighten(permissionsOfTier(AutonomyTier.DRAFT), {
    deniedTools: ['read-file'],
    requiresApproval: { prCreation: true },
  });
  expect(TIER_DEFAULTS).toEqual(before);
});

test('the three tiers of chapter 7 are to the letter', () => {
  expect(TIER_DEFAULTS[AutonomyTier.OBSERVE]).toEqual({
    allowedTools: ['read-file', 'git-diff', 'describe-resource', 'query-logs'],
    deniedTools: ['write-file', 'git-push', 'create-pr', 'cloud-credentials'],
    requiresApproval: { prCreation: true, credentialRequest: true, productionAccess: true },
  });
  expect(TIER_DEFAULTS[AutonomyTier.DRAFT]).toEqual({
    allowedTools: [],
    deniedTools: ['terraform-apply', 'kubectl-apply'],
    requiresApproval: { prCreation: false, credentialRequest: false, productionAccess: true },
  });
  expect(TIER_DEFAULTS[AutonomyTier.PROD_GATED]).toEqual({
    allowedTools: [],
    deniedTools: [],
    requiresApproval: { prCreation: false, credentialRequest: false, productionAccess: true },
  });
});

test.each([
  'read_file',
  'readFile',
  'ReadFile',
  'READ_FILE',
  'read file',
  'read--file',
])('%s is read-file', (name) => {
  expect(normalizeToolName(name)).toBe('read-file');
});

test.each([
  ['a Kelvin sign', '\u212Aubectl-apply', 'kubectl-apply'],
  ['a Cyrillic letter', 're\u0430d-file', 'read-file'],
  ['a full-width letter', '\uFF52ead-file', 'read-file'],
  ['a no-break space', 'read\u00A0file', 'read-file'],
  ['a long dash', 'read\u2013file', 'read-file'],
  ['a zero-width space', 'read\u200B-file', 'read-file'],
])('a name with %s is no known tool', (_what, name, known) => {
  expect(normalizeToolName(name)).not.toBe(known);
});

test('normalising a name twice is normalising it once', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      expect(normalizeToolName(normalizeToolName(name))).toBe(normalizeToolName(name));
    }),
  );
});
