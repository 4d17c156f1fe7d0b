import type { Decision, Finding } from '../../src/domain/decision';
import type { Judgement } from '../../src/domain/judgement';
import { AutonomyTier } from '../../src/domain/tier';
import { judge, stricterDecision, withApprovals } from '../../src/policy/judge';
import type { Tool } from '../../src/tools/tool';
import { AT, facts, probe, snapshotOf } from './fixture';

const judgeWith = (tool: Tool, tier = AutonomyTier.PROD_GATED) =>
  judge(
    { id: 'call-1', tool: 'probe', args: '{"effect":"read"}' },
    { runId: 'run-1', snapshot: snapshotOf({ tier }), facts: facts(), now: AT },
    () => tool,
  ).decision;
const probeJudged = (judgement: unknown): Tool => ({ ...probe, judge: () => judgement as Judgement });
const ask = (parts: Partial<Finding> = {}): Finding => ({
  verdict: 'ask',
  layer: 'organization',
  rule: 'seniors',
  message: 'a senior must see this',
  ...parts,
});
const decision = (...findings: Finding[]): Decision => ({
  verdict: 'ask',
  findings,
  errors: [],
  effect: 'draft',
  marks: [],
  policySnapshot: 'pinned',
});

test('a tool whose judgement throws is refused, and its words are kept from the model', () => {
  const broken = judgeWith({
    ...probe,
    judge() {
      throw new Error('secret detail');
    },
  });
  expect(broken).toMatchObject({ verdict: 'deny', effect: null, findings: [] });
  expect(JSON.stringify(broken)).not.toContain('secret detail');
  expect(broken.errors).toHaveLength(1);
});

test('a layer that throws denies, whatever the others say', () => {
  const broken = judgeWith(probeJudged({ effect: 'read', marks: [], findings: 5 }));
  expect(broken).toMatchObject({ verdict: 'deny', errors: [{ code: 'tools-failed' }] });
  expect(broken.findings).toContainEqual(expect.objectContaining({ verdict: 'allow', layer: 'tier' }));
});

test('an effect that this release does not know is refused at the highest tier', () => {
  expect(judgeWith(probeJudged({ effect: 'teleport', marks: [] }))).toMatchObject({
    verdict: 'deny',
    findings: [{ layer: 'tier', message: 'effect `teleport` is unknown' }],
  });
});

test('a mark that this release does not know is refused', () => {
  expect(judgeWith(probeJudged({ effect: 'read', marks: ['cursed'] })).verdict).toBe('deny');
});

test('a tool that only calls itself ask-user is judged by its effect', () => {
  const impostor = { ...probeJudged({ effect: 'production', marks: [] }), name: 'ask-user' };
  expect(judgeWith(impostor, AutonomyTier.OBSERVE).verdict).toBe('deny');
});

test('the stricter of two decisions counts, and findings of both are kept, each once', () => {
  const allowed: Finding = { verdict: 'allow', layer: 'tier', rule: 'draft', message: 'open' };
  const pinned = { ...decision(allowed), verdict: 'allow' as const };
  const current = decision(allowed, ask());
  expect(stricterDecision(pinned, current)).toMatchObject({ verdict: 'ask', findings: [allowed, ask()] });
  expect(stricterDecision(current, pinned).verdict).toBe('ask');
});

test('the same rule with a larger quorum is another demand and is kept', () => {
  const joined = stricterDecision(decision(ask()), decision(ask({ quorum: 2, role: 'senior' })));
  expect(joined.findings).toEqual([ask(), ask({ quorum: 2, role: 'senior' })]);
});

test('an error on either side is kept', () => {
  const error = { code: 'organization-failed', message: 'a rule failed' };
  const joined = stricterDecision(decision(ask()), { ...decision(), verdict: 'deny', errors: [error] });
  expect(joined).toMatchObject({ verdict: 'deny', errors: [error] });
});

test('an approval satisfies the finding it was given for and no other', () => {
  const both = decision(ask(), ask({ rule: 'freeze' }));
  expect(withApprovals(both, new Set(['organization/seniors'])).verdict).toBe('ask');
  expect(withApprovals(both, new Set(['organization/seniors', 'organization/freeze'])).verdict).toBe('allow');
});

test('no approval lifts a deny or an error', () => {
  const denied = decision(ask(), ask({ verdict: 'deny', rule: 'freeze' }));
  const all = new Set(['organization/seniors', 'organization/freeze']);
  expect(withApprovals(denied, all).verdict).toBe('deny');
  const failed = { ...decision(ask()), errors: [{ code: 'organization-failed', message: 'a rule failed' }] };
  expect(withApprovals(failed, all).verdict).toBe('deny');
});
