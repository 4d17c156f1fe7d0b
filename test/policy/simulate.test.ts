import type { Agent } from '../../src/domain/agent';
import type { ContentFacts } from '../../src/domain/content';
import type { PolicySnapshot } from '../../src/domain/policy';
import { AutonomyTier } from '../../src/domain/tier';
import { gateTurn, type RecordedApproval } from '../../src/policy/gate-turn';
import { asPublished } from '../../src/policy/policy-folder';
import { type RecordedDecision, type RecordedRun, simulateRun } from '../../src/policy/simulate';
import { compileSnapshot } from '../../src/policy/snapshot';
import { AT, agent, facts, gateContext, gateInput, snapshotOf, toolsWith } from './fixture';

const toolsOf = () => toolsWith();
const write = ['write-file', { path: 'a.tf', content: 'x' }] as const;
const pullRequest = ['create-pr', { title: 'One thing', body: 'why' }] as const;

/** What a gate decided under a snapshot, as it is recorded. */
function recorded(
  pinned: PolicySnapshot,
  calls: readonly (readonly [string, unknown])[],
): Pick<RecordedRun, 'decisions' | 'approvals'> {
  const input = gateInput(calls);
  const turn = gateTurn(input, gateContext(pinned));
  return {
    decisions: turn.calls.map(
      ({ decision }, index): RecordedDecision => ({
        step: 1,
        proposed: input.calls[index]!,
        facts: input.facts,
        decision,
        at: AT,
      }),
    ),
    approvals: turn.calls.flatMap(({ approval, callId }) =>
      approval
        ? [
            {
              id: approval.id,
              callId,
              isGiven: false,
              isPending: true,
              action: turn.actions.get(callId)!,
              expiresAt: approval.expiresAt,
            },
          ]
        : [],
    ),
  };
}

function simulate(candidate: Partial<Agent>, run: Pick<RecordedRun, 'decisions' | 'approvals'>) {
  return simulateRun(
    {
      runId: 'run-1',
      prompt: 'Look after this repository.',
      candidate: snapshotOf({ grounding: 'off', ...candidate }),
      ...run,
    },
    toolsOf,
  );
}

const pinned = snapshotOf({ grounding: 'off', requiresApproval: { prCreation: true } });

test('the same policy flips nothing and voids nothing', () => {
  const run = recorded(pinned, [write, pullRequest, ['terraform-apply', {}]]);
  expect(simulate({ requiresApproval: { prCreation: true } }, run)).toEqual({
    calls: 3,
    flips: [],
    voided: [],
    unknown: [],
  });
});

test('a call that the candidate refuses is a flip, with the reasons of both verdicts', () => {
  const { flips } = simulate({ deniedTools: ['write-file'] }, recorded(pinned, [write]));
  expect(flips).toEqual([
    {
      runId: 'run-1',
      step: 1,
      callId: 'call-1',
      tool: 'write-file',
      args: JSON.stringify(write[1]),
      from: 'allow',
      to: 'deny',
      reasonsBefore: [expect.objectContaining({ layer: 'tier', rule: 'draft' })],
      reasonsAfter: [expect.objectContaining({ layer: 'tools', rule: 'denied' })],
    },
  ]);
});

test('a call that the candidate opens is a flip too', () => {
  const { flips, voided } = simulate({ requiresApproval: {} }, recorded(pinned, [pullRequest]));
  expect(flips).toMatchObject([{ tool: 'create-pr', from: 'ask', to: 'allow' }]);
  // The run stays pinned to what asks.
  expect(voided).toEqual([]);
});

test('an approval that waits is void when the candidate refuses the call', () => {
  const run = recorded(pinned, [pullRequest]);
  const { voided } = simulate({ deniedTools: ['create-pr'] }, run);
  expect(voided).toMatchObject([
    { id: run.approvals[0]!.id, tool: 'create-pr', to: 'deny', reasons: [{ rule: 'denied' }] },
  ]);
});

test('an approval that waits is void when the candidate asks for more than was shown', () => {
  const open = snapshotOf({ tier: AutonomyTier.PROD_GATED, grounding: 'off' });
  const run = recorded(open, [['cloud-credentials', { account: 'a', role: 'r', scope: 'write' }]]);
  const { voided } = simulate(
    { tier: AutonomyTier.PROD_GATED, requiresApproval: { credentialRequest: true } },
    run,
  );
  expect(voided).toMatchObject([{ to: 'ask', reasons: [{ layer: 'approvals', rule: 'credentialRequest' }] }]);
});

test('what people approved stays allowed, unless the candidate asks for something else', () => {
  const asked = recorded(pinned, [pullRequest]);
  const approval: RecordedApproval = { ...asked.approvals[0]!, isGiven: true };
  const again = gateTurn(
    gateInput([pullRequest], { approvals: { 'call-1': approval.id } }),
    gateContext(pinned, { approvals: new Map([[approval.id, approval]]) }),
  );
  const run = {
    decisions: [...asked.decisions, { ...asked.decisions[0]!, step: 2, decision: again.calls[0]!.decision }],
    approvals: [{ ...approval, isPending: false }],
  };
  expect(run.decisions[1]!.decision.verdict).toBe('allow');
  expect(simulate({ requiresApproval: { prCreation: true } }, run)).toEqual({
    calls: 1,
    flips: [],
    voided: [],
    unknown: [],
  });
  expect(simulate({ deniedTools: ['create-pr'] }, run).flips).toMatchObject([
    { step: 2, from: 'allow', to: 'deny' },
  ]);
});

test('an agent that no longer waits is refused where it asked', () => {
  const { flips, voided } = simulate(
    { requiresApproval: { prCreation: true }, onAsk: 'refuse' },
    recorded(pinned, [pullRequest]),
  );
  expect(flips).toMatchObject([{ from: 'ask', to: 'deny', reasonsAfter: [{ rule: 'on-ask-refuse' }] }]);
  expect(voided).toHaveLength(1);
});

test('a call that waited for a rate is compared without it', () => {
  const [decision] = recorded(pinned, [write]).decisions;
  const deferred: RecordedDecision = {
    ...decision!,
    decision: {
      ...decision!.decision,
      verdict: 'defer',
      findings: [
        ...decision!.decision.findings,
        { verdict: 'defer', layer: 'rates', rule: 'writes', message: 'too many', until: AT + 1 },
      ],
    },
  };
  expect(simulate({}, { decisions: [deferred], approvals: [] }).flips).toEqual([]);
});

test('a call is judged by the facts of its own time', () => {
  const [decision] = recorded(pinned, [pullRequest]).decisions;
  const stale = { ...decision!, facts: facts({ lastValidateStep: 1, lastWriteStep: 2 }) };
  expect(simulate({}, { decisions: [stale], approvals: [] }).flips).toMatchObject([
    { to: 'deny', reasonsAfter: [{ rule: 'validate-before-pr' }] },
  ]);
});

test('a call whose content is not known any more is neither a flip nor let pass unseen', () => {
  const rule =
    'forbid (principal, action in Action::"changes-content", resource is ContentResource) when { resource.type == "aws_ebs_volume" };';
  const candidate = compileSnapshot({
    organizationId: 'org-1',
    agent: agent({ grounding: 'off' }),
    policies: asPublished(
      [{ name: 'No disks', version: 1, content: `\`\`\`cedar\n${rule}\n\`\`\`\n` }],
      'org-1',
    ),
  });
  const run = { runId: 'run-1', prompt: '', candidate, ...recorded(pinned, [write]) };
  expect(simulateRun(run, toolsOf)).toMatchObject({
    flips: [],
    unknown: [{ runId: 'run-1', step: 1, callId: 'call-1', tool: 'write-file' }],
  });
  const content: ContentFacts = {
    kind: 'loaded',
    resources: [
      {
        language: 'terraform',
        type: 'aws_ebs_volume',
        name: 'data',
        address: 'aws_ebs_volume.data',
        file: 'a.tf',
        line: 1,
        attributes: {},
        referencedBy: [],
      },
    ],
  };
  const known = { ...run, decisions: run.decisions.map((decision) => ({ ...decision, content })) };
  expect(simulateRun(known, toolsOf)).toMatchObject({
    flips: [{ from: 'allow', to: 'deny', reasonsAfter: [{ rule: 'no-disks/rule-1' }] }],
    unknown: [],
  });
});
