import fc from 'fast-check';
import { isWaived, outcomeOfVotes, type Poll, progressOf, refusalOfVote } from '../../src/domain/count-votes';
import type { Finding } from '../../src/domain/decision';
import type { Vote } from '../../src/domain/vote';

const ROLES = ['sre', 'security', 'lead'];

const finding = (more: Partial<Finding> = {}): Finding => ({
  verdict: 'ask',
  layer: 'organization',
  rule: 'house/rule',
  message: 'ask',
  ...more,
});
const vote = (by: string, roles: string[] | null = [], more: Partial<Vote> = {}): Vote => ({
  ...{ by, roles, verdict: 'approve', args: null, reason: '', scope: 'once', at: 1 },
  ...{ proof: { kind: 'none' }, isVerified: false },
  ...more,
});
const poll = (findings: Finding[], more: Partial<Poll> = {}): Poll => ({
  ...{ findings, args: '{}', requestedBy: 'rita', escalatedTo: null, isSingleOperator: false },
  ...more,
});

/** Votes as they come in: those that are refused count for nothing. */
function count(votes: readonly Vote[], by: Poll) {
  const counted: Vote[] = [];
  for (const each of votes) {
    if (outcomeOfVotes(counted, by)) break;
    if (refusalOfVote(each, counted, by) === null) counted.push(each);
  }
  return { counted, isApproved: outcomeOfVotes(counted, by)?.kind === 'approved' };
}

const findings = fc.array(
  fc.record({
    role: fc.option(fc.constantFrom(...ROLES), { nil: undefined }),
    quorum: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    fourEyes: fc.option(fc.boolean(), { nil: undefined }),
  }),
  { minLength: 1, maxLength: 4 },
);
const asked = findings.map((all) => all.map(finding));
const voters = fc.array(
  fc.record({
    by: fc.constantFrom('ada', 'bob', 'cyd', 'dan', 'eve', 'rita'),
    roles: fc.option(fc.subarray(ROLES), { nil: null }),
  }),
  { maxLength: 8 },
);
/** One person has the same roles whenever they speak. */
const votes = voters.map((all) => {
  const roles = new Map<string, string[] | null>();
  return all.map(({ by, roles: each }) => {
    if (!roles.has(by)) roles.set(by, each);
    return vote(by, roles.get(by) ?? null);
  });
});
const polls = fc
  .record({
    all: asked,
    escalatedTo: fc.option(fc.constantFrom(...ROLES), { nil: null }),
    isSingleOperator: fc.boolean(),
  })
  .map(({ all, ...more }) => poll(all, more));

describe('of any votes', () => {
  test('the order makes no difference to whether they approve', () => {
    const cases = votes.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    fc.assert(
      fc.property(cases, polls, ([some, shuffled], by) => {
        expect(count(shuffled, by).isApproved).toBe(count(some, by).isApproved);
      }),
      { numRuns: 1_000 },
    );
  });

  test('whoever may vote, enough of them approve: refusing what brings nothing never locks out', () => {
    fc.assert(
      fc.property(votes, polls, (all, by) => {
        const mayCount = all.filter(
          (each) => refusalOfVote(each, [], { ...by, findings: open(by) }) === null,
        );
        expect(count(all, by).isApproved).toBe(outcomeOfVotes(mayCount, by)?.kind === 'approved');
      }),
      { numRuns: 1_000 },
    );
  });

  test('more demands never loosen', () => {
    fc.assert(
      fc.property(votes, polls, asked, (all, by, more) => {
        const stricter = { ...by, findings: [...by.findings, ...more] };
        if (count(all, stricter).isApproved) expect(count(all, by).isApproved).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  test('nobody counts twice', () => {
    fc.assert(
      fc.property(votes, polls, (all, by) => {
        const { counted, isApproved } = count([...all, ...all], by);
        expect(isApproved).toBe(count(all, by).isApproved);
        expect(new Set(counted.map((each) => each.by)).size).toBe(counted.length);
        const needed = Math.max(1, ...by.findings.map(({ quorum = 1 }) => quorum));
        if (isApproved) expect(counted.length).toBeGreaterThanOrEqual(needed);
      }),
      { numRuns: 1_000 },
    );
  });

  /** The same four eyes, and nothing else that could refuse anybody. */
  function open(by: Poll): Finding[] {
    return by.findings.map(({ fourEyes }) => finding({ fourEyes: fourEyes === true }));
  }
});

test('all roles of all rules are needed, and one person may hold several', () => {
  const both = poll([finding({ role: 'sre' }), finding({ role: 'security', quorum: 2 })]);
  expect(progressOf([], both)).toMatchObject({
    quorum: 2,
    missing: '2 more approvers, among them 1 with the role `sre` and 2 with the role `security`',
  });
  expect(count([vote('ada', ['sre', 'security']), vote('bob', ['security'])], both).isApproved).toBe(true);
  expect(count([vote('ada', ['sre']), vote('bob', ['security'])], both).isApproved).toBe(false);
  expect(count([vote('ada', ['security']), vote('bob', ['security'])], both).isApproved).toBe(false);
});

test('who brings nothing that is missing is told what is, and what they have', () => {
  const sre = poll([finding({ role: 'sre' })]);
  expect(refusalOfVote(vote('bob', ['dba']), [], sre)).toBe(
    'this needs an approver with the role `sre`, and `bob` has `dba`',
  );
  expect(refusalOfVote(vote('bob', []), [], sre)).toMatch(/`bob` has no role$/);
  expect(refusalOfVote(vote('bob', ['dba'], { verdict: 'deny' }), [], sre)).toBeNull();
  // A quorum of two is half filled by anybody.
  expect(
    refusalOfVote(vote('bob', ['dba']), [], poll([finding({ role: 'sre' }), finding({ quorum: 2 })])),
  ).toBeNull();
});

test('who asked for the run does not approve it where four eyes are wanted, unless they work alone', () => {
  const fourEyes = poll([finding({ fourEyes: true }), finding()]);
  expect(refusalOfVote(vote('rita'), [], fourEyes)).toMatch(/asked for the run/);
  const alone = { ...fourEyes, isSingleOperator: true };
  expect(refusalOfVote(vote('rita'), [], alone)).toBeNull();
  expect(isWaived(vote('rita'), alone)).toBe(true);
  expect(isWaived(vote('bob'), alone)).toBe(false);
});

test('after an escalation its role stands in for a missing one', () => {
  const sre = poll([finding({ role: 'sre' })]);
  expect(outcomeOfVotes([vote('lena', ['lead'])], sre)).toBeNull();
  expect(outcomeOfVotes([vote('lena', ['lead'])], { ...sre, escalatedTo: 'lead' })).toMatchObject({
    kind: 'approved',
  });
});

test('a denial counts whatever else was said, and so do edited arguments', () => {
  const two = poll([finding({ quorum: 2 })]);
  const denied = vote('bob', [], { verdict: 'deny', reason: 'no' });
  expect(outcomeOfVotes([vote('ada'), denied], two)).toEqual({ kind: 'denied', by: 'bob', reason: 'no' });
  expect(outcomeOfVotes([vote('ada', [], { args: '{"a":1}' })], two)).toEqual({
    ...{ kind: 'edited', by: 'ada', args: '{"a":1}' },
  });
});
