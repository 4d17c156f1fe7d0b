import fc from 'fast-check';
import type { Agent } from '../../src/domain/agent';
import { DEFAULT_BUDGET } from '../../src/domain/budget';
import { canonicalJson } from '../../src/domain/canonical-json';
import { sha256 } from '../../src/domain/hashing';
import { AutonomyTier } from '../../src/domain/tier';
import { parseAgent } from '../../src/policy/agent-file';
import { compileSnapshot } from '../../src/policy/snapshot';

function agent(parts: Partial<Agent> = {}): Agent {
  const readTools = () => [];
  return { ...parseAgent('name: demo\ntier: DRAFT\n', { file: 'demo.yaml', readTools }), ...parts };
}

const compile = (parts: Partial<Agent> = {}, more: Partial<Parameters<typeof compileSnapshot>[0]> = {}) =>
  compileSnapshot({ organizationId: 'o1', agent: agent(parts), policies: [], ...more });

test('the id is the sha-256 of the content', () => {
  const { id, ...content } = compile();
  expect(id).toBe(sha256(canonicalJson(content)));
});

test('the same content has the same id, in whatever order its keys were written', () => {
  const one = agent();
  const other = Object.fromEntries(Object.entries(one).reverse()) as unknown as Agent;
  expect(compileSnapshot({ organizationId: 'o1', agent: other, policies: [] })).toEqual(compile());
});

test.each([
  ['another organization', compile({}, { organizationId: 'o2' })],
  ['another prompt', compile({ systemPrompt: 'other' })],
  ['another host', compile({ network: ['example.com'] })],
  ['a narrower run', compile({}, { narrow: { deniedTools: ['create-pr'] } })],
])('%s has another id', (_what, snapshot) => {
  expect(snapshot.id).not.toBe(compile().id);
});

test('tier, file and run each tighten', () => {
  const { permissions } = compile(
    { allowedTools: ['read-file', 'write-file'], requiresApproval: { prCreation: true } },
    { narrow: { allowedTools: ['read_file', 'git-push'], maxTurns: 3 } },
  );
  expect(permissions).toEqual({
    tier: AutonomyTier.DRAFT,
    allowed: { kind: 'only', tools: ['read-file'] },
    deniedTools: ['terraform-apply', 'kubectl-apply'],
    maxTurns: 3,
    maxTokenBudget: 500_000,
    requiresApproval: { prCreation: true, credentialRequest: false, productionAccess: true },
  });
});

test('an intersection that comes out empty allows nothing', () => {
  const { permissions } = compile(
    { allowedTools: ['write-file'] },
    { narrow: { allowedTools: ['git-push'] } },
  );
  expect(permissions.allowed).toEqual({ kind: 'only', tools: [] });
});

test('limits that a file does not name are the defaults; its own count, larger ones too', () => {
  expect(compile().budget).toEqual(DEFAULT_BUDGET);
  const { budget, permissions } = compile({ budget: { maxTurns: 200, maxToolCalls: 900, maxTokens: 7 } });
  expect(budget).toEqual({ ...DEFAULT_BUDGET, maxTurns: 200, maxToolCalls: 900, maxTokens: 7 });
  expect(permissions).toMatchObject({ maxTurns: 200, maxTokenBudget: 7 });
});

test('a narrower run has the smaller budget', () => {
  const { budget } = compile({ budget: { maxTurns: 200 } }, { narrow: { maxTurns: 5, maxTokenBudget: 99 } });
  expect(budget).toMatchObject({ maxTurns: 5, maxTokens: 99 });
});

test('rules are the cedar blocks of active policies, in the order of the digest', () => {
  const policy = { id: 'p', isActive: true, version: 2, organizationId: 'o1' };
  const content = 'a\n```cedar\nforbid(1);\n```\nb\n```cedar\nforbid(2);\n```\n';
  const { rules, digest } = compile(
    {},
    {
      policies: [
        { ...policy, name: 'B', content },
        { ...policy, id: 'q', name: 'A', content: '```cedar\nforbid(0);\n```\n' },
        { ...policy, id: 'r', name: 'C', content, isActive: false },
      ],
    },
  );
  expect(rules).toEqual([
    { policyId: 'q', policy: 'A', version: 2, source: 'forbid(0);\n' },
    { policyId: 'p', policy: 'B', version: 2, source: 'forbid(1);\n' },
    { policyId: 'p', policy: 'B', version: 2, source: 'forbid(2);\n' },
  ]);
  expect(digest).not.toContain('forbid');
});

test('whatever narrows a run never gives it more', () => {
  const limit = fc.option(fc.integer({ min: 1, max: 1000 }), { nil: undefined });
  const tier = fc.constantFrom(0, 1, 2, 3, 4);
  fc.assert(
    fc.property(
      tier,
      fc.option(tier, { nil: undefined }),
      limit,
      limit,
      (own, narrowed, maxTurns, narrowTurns) => {
        const wide = compile({ tier: own, budget: { maxTurns } });
        const narrow = compile(
          { tier: own, budget: { maxTurns } },
          { narrow: { tier: narrowed, maxTurns: narrowTurns, requiresApproval: { prCreation: false } } },
        );
        expect(narrow.permissions.tier).toBeLessThanOrEqual(wide.permissions.tier);
        expect(narrow.budget.maxTurns).toBeLessThanOrEqual(wide.budget.maxTurns);
        expect(narrow.permissions.deniedTools).toEqual(expect.arrayContaining(wide.permissions.deniedTools));
        if (wide.permissions.requiresApproval.prCreation)
          expect(narrow.permissions.requiresApproval.prCreation).toBe(true);
      },
    ),
  );
});
