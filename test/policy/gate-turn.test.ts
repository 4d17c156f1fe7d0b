import { AutonomyTier } from '../../src/domain/tier';
import { type GateContext, gateTurn, type RecordedApproval } from '../../src/policy/gate-turn';
import { AT, facts, gateContext, gateInput, snapshotOf, toolsWith, workspace } from './fixture';

const drafting = snapshotOf({ tier: AutonomyTier.DRAFT, requiresApproval: { prCreation: true } });
const commanding = snapshotOf({ tier: AutonomyTier.SANDBOX });
const READ = ['read-file', { path: 'main.tf' }] as const;
const WRITE = ['write-file', { path: 'main.tf', content: 'x' }] as const;
const PUSH = ['git-push', {}] as const;
const PUSH_ELSEWHERE = ['git-push', { branch: 'feature' }] as const;
const PULL_REQUEST = ['create-pr', { title: 'Encrypt', body: 'All of it' }] as const;
const QUESTION = ['ask-user', { question: 'Which first?', options: ['one', 'two'] }] as const;
const SECRET = ['probe', { effect: 'draft', marks: ['secret'] }] as const;

/** The approval that a gate asked for, as given by people. */
function given(context: GateContext, input = gateInput([PULL_REQUEST])): RecordedApproval {
  const { calls, actions } = gateTurn(input, context);
  const approval = calls[0]?.approval;
  const action = actions.get('call-1');
  if (!approval || !action) throw new Error('nothing was asked');
  return { id: approval.id, callId: 'call-1', isGiven: true, action, expiresAt: approval.expiresAt };
}

const grantedIds = (turn: ReturnType<typeof gateTurn>) => turn.granted.map(({ id }) => id);

test('a turn of reads is granted whole, to who will read', () => {
  const turn = gateTurn(gateInput([READ, READ]), gateContext(drafting));
  expect(turn.audience).toBe('channel');
  expect(turn.granted).toEqual([
    { id: 'call-1', tool: 'read-file', argsHash: expect.stringMatching(/^[0-9a-f]{64}$/), effect: 'read' },
    expect.objectContaining({ id: 'call-2' }),
  ]);
});

test('a grant for an effect is never for the channel', () => {
  expect(gateTurn(gateInput([READ, WRITE]), gateContext(drafting)).audience).toBe('activity');
});

test('a refused call leaves a turn of reads a turn of reads', () => {
  const turn = gateTurn(gateInput([READ, ['run-command', { command: 'rm -r x' }]]), gateContext(drafting));
  expect(turn.audience).toBe('channel');
  expect(grantedIds(turn)).toEqual(['call-1']);
});

test('a held effect holds later effects and not reads', () => {
  const turn = gateTurn(gateInput([SECRET, READ, WRITE]), gateContext(drafting));
  expect(turn.calls.map(({ decision }) => decision.verdict)).toEqual(['ask', 'allow', 'allow']);
  expect(grantedIds(turn)).toEqual(['call-2']);
});

test('a refused effect holds nothing', () => {
  const turn = gateTurn(gateInput([['git-push', { branch: 'main' }], WRITE]), gateContext(drafting));
  expect(turn.calls[0]?.decision.verdict).toBe('deny');
  expect(grantedIds(turn)).toEqual(['call-2']);
});

test('a push behind a write waits for another gate, which sees the tree', () => {
  const turn = gateTurn(gateInput([WRITE, PUSH]), gateContext(drafting));
  expect(grantedIds(turn)).toEqual(['call-1']);
});

test('nobody is asked about content that an earlier call may still change', () => {
  const turn = gateTurn(gateInput([WRITE, PULL_REQUEST]), gateContext(drafting));
  expect(turn.calls[1]).toMatchObject({ decision: { verdict: 'ask' }, approval: null });
});

test('nobody is asked about content before there is a workspace', () => {
  const input = gateInput([PULL_REQUEST, READ], { facts: facts({ workspace: null }) });
  const turn = gateTurn(input, gateContext(drafting));
  expect(turn.calls[0]).toMatchObject({ needsWorkspace: true, decision: { verdict: 'ask' }, approval: null });
  expect(turn.granted).toEqual([]);
});

test('all approvals of a turn that do not wait for content are shown at once', () => {
  const turn = gateTurn(gateInput([SECRET, SECRET]), gateContext(drafting));
  expect(turn.calls.map(({ approval }) => approval?.callId)).toEqual(['call-1', 'call-2']);
  expect(new Set(turn.calls.map(({ approval }) => approval?.id)).size).toBe(2);
});

test('an approval shows exactly what will run, why, and until when', () => {
  const [call] = gateTurn(gateInput([PULL_REQUEST]), gateContext(drafting)).calls;
  expect(call?.approval).toMatchObject({
    tool: 'create-pr',
    args: call?.call?.args,
    effect: 'draft',
    findings: [{ layer: 'approvals', rule: 'prCreation' }],
    expiresAt: AT + 86_400_000,
  });
});

test('an approval gated again keeps its id and its end', () => {
  const context = gateContext(drafting);
  const asked = { ...given(context), isGiven: false };
  const later = { ...context, now: AT + 1_000, approvals: new Map([[asked.id, asked]]) };
  expect(gateTurn(gateInput([PULL_REQUEST]), later).calls[0]?.approval).toMatchObject({
    id: asked.id,
    expiresAt: asked.expiresAt,
  });
});

test('an action that is asked about again after its approval became void is another approval', () => {
  const context = gateContext(drafting);
  const first = given(context);
  const { calls } = gateTurn(gateInput([PULL_REQUEST]), {
    ...context,
    approvals: new Map([[first.id, { ...first, isGiven: false, isVoid: true }]]),
  });
  expect(calls[0]?.approval).toMatchObject({ id: expect.not.stringMatching(first.id), callId: 'call-1' });
});

test('an approved call is granted with the tree it was approved for', () => {
  const approval = given(gateContext(drafting));
  const turn = gateTurn(
    gateInput([PULL_REQUEST], { approvals: { 'call-1': approval.id } }),
    gateContext(drafting, { approvals: new Map([[approval.id, approval]]) }),
  );
  expect(turn.calls[0]?.decision.verdict).toBe('allow');
  expect(turn.granted).toEqual([expect.objectContaining({ id: 'call-1', tree: workspace.tree })]);
});

test('an approved push is granted with the commit it was approved for', () => {
  const input = gateInput([PUSH_ELSEWHERE]);
  const approval = given(gateContext(drafting), input);
  const turn = gateTurn(
    { ...input, approvals: { 'call-1': approval.id } },
    gateContext(drafting, { approvals: new Map([[approval.id, approval]]) }),
  );
  expect(turn.granted).toEqual([expect.objectContaining({ head: workspace.head })]);
});

describe('an approval does not count', () => {
  const approval = given(gateContext(drafting));
  const verdictWith = (
    parts: Partial<Parameters<typeof gateInput>[1]>,
    recorded: RecordedApproval,
    context: Partial<GateContext> = {},
    call: readonly [string, unknown] = PULL_REQUEST,
  ) => {
    const turn = gateTurn(
      gateInput([call], { approvals: { 'call-1': approval.id }, ...parts }),
      gateContext(drafting, { approvals: new Map([[approval.id, recorded]]), ...context }),
    );
    expect(turn.granted).toEqual([]);
    return turn.calls[0]?.decision.verdict;
  };

  test('before people gave it', () => {
    expect(verdictWith({}, { ...approval, isGiven: false })).toBe('ask');
  });
  test('for another call', () => {
    expect(verdictWith({}, { ...approval, callId: 'call-9' })).toBe('ask');
  });
  test('for other arguments', () => {
    expect(
      verdictWith({}, approval, {}, ['create-pr', { title: 'Encrypt', body: 'And open the door' }]),
    ).toBe('ask');
  });
  test('for another tree', () => {
    expect(verdictWith({ facts: facts({ workspace: { ...workspace, tree: 'tree-2' } }) }, approval)).toBe(
      'ask',
    );
  });
  test('under another snapshot', () => {
    expect(verdictWith({}, approval, { pinned: { ...drafting, id: 'other' } })).toBe('ask');
  });
  test('where the organization now denies', () => {
    expect(verdictWith({}, approval, { current: snapshotOf({ deniedTools: ['create-pr'] }) })).toBe('deny');
  });
  test('when the run has no such approval', () => {
    expect(verdictWith({ approvals: { 'call-1': 'apr-of-another-run' } }, approval)).toBe('ask');
  });
});

test('a newer policy that asks for less leaves an approval as it is', () => {
  const approval = given(gateContext(drafting));
  const turn = gateTurn(
    gateInput([PULL_REQUEST], { approvals: { 'call-1': approval.id } }),
    gateContext(drafting, {
      current: snapshotOf({ tier: AutonomyTier.PROD_GATED }),
      approvals: new Map([[approval.id, approval]]),
    }),
  );
  expect(turn.calls[0]?.decision.verdict).toBe('allow');
});

test('a tightened policy holds at once, a loosened one not in this run', () => {
  const write = gateInput([WRITE]);
  const denying = snapshotOf({ deniedTools: ['write-file'] });
  const open = snapshotOf();
  expect(gateTurn(write, gateContext(open, { current: denying })).calls[0]?.decision.verdict).toBe('deny');
  expect(gateTurn(write, gateContext(denying, { current: open })).calls[0]?.decision.verdict).toBe('deny');
});

test('an agent that refuses to wait is refused where others ask', () => {
  const impatient = snapshotOf({ requiresApproval: { prCreation: true }, onAsk: 'refuse' });
  const [call] = gateTurn(gateInput([PULL_REQUEST]), gateContext(impatient)).calls;
  expect(call).toMatchObject({ decision: { verdict: 'deny' }, approval: null });
  expect(call?.decision.findings).toContainEqual(expect.objectContaining({ rule: 'on-ask-refuse' }));
});

test('a question is asked and not granted', () => {
  const turn = gateTurn(gateInput([QUESTION]), gateContext(drafting));
  expect(turn.calls[0]?.question).toMatchObject({ question: 'Which first?', options: ['one', 'two'] });
  expect(turn).toMatchObject({ granted: [], audience: 'activity' });
});

test('nothing that needs a workspace is granted before there is one', () => {
  const turn = gateTurn(
    gateInput([READ, WRITE], { facts: facts({ workspace: null }) }),
    gateContext(commanding),
  );
  expect(turn.granted).toEqual([]);
});

test('a call that cannot be read has no action, no approval and no grant', () => {
  const turn = gateTurn(gateInput([['no-such-tool', {}]]), gateContext(drafting));
  expect(turn.calls[0]).toMatchObject({ call: null, approval: null, decision: { verdict: 'deny' } });
  expect(turn.actions.size).toBe(0);
  expect(turn.granted).toEqual([]);
});

test('an effect behind an open question is not granted before the answer', () => {
  const turn = gateTurn(gateInput([QUESTION, WRITE]), gateContext(drafting));
  expect(turn.calls[0]?.question).not.toBeNull();
  expect(grantedIds(turn)).toEqual([]);
});

test('a tool that the organization has removed since is refused at once', () => {
  const current = snapshotOf({ tier: AutonomyTier.DRAFT, systemPrompt: 'newer' });
  const turn = gateTurn(
    gateInput([SECRET]),
    gateContext(drafting, {
      current,
      toolsOf: (snapshot) => (snapshot.id === current.id ? () => undefined : toolsWith()),
    }),
  );
  expect(turn.calls[0]?.decision).toMatchObject({ verdict: 'deny' });
});
