import fc from 'fast-check';
import {
  type AgentBudget,
  BudgetExceededError,
  type BudgetedUse,
  BudgetTracker,
  DEFAULT_BUDGET,
  raisedBudget,
} from '../../src/domain/budget';

/** A clock that only the test moves. */
function clock(now = 1_000) {
  const tick = (ms: number) => {
    now += ms;
  };
  return { now: () => now, tick };
}

const limits: AgentBudget = {
  maxTurns: 2,
  maxTokens: 100,
  maxToolCalls: 3,
  maxDurationMs: 1_000,
  maxPipelineRuns: 2,
  maxCredentialRequests: 2,
};

/** What a check says, or null. */
function said(tracker: BudgetTracker, budget: AgentBudget = limits): string | null {
  try {
    tracker.check(budget);
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(BudgetExceededError);
    return (error as Error).message;
  }
}

test('the limits are named in order, with `>=`, and nothing is said below them', () => {
  const time = clock();
  const tracker = new BudgetTracker(time.now);
  const raised = { ...limits };
  for (const use of ['pipelineRun', 'credentialRequest', 'credentialRequest', 'pipelineRun'] as const) {
    tracker.reserve({ ...limits, maxToolCalls: 10 }, use);
    tracker.commit(use);
  }
  tracker.recordTurn(99);
  expect(
    said(tracker, { ...limits, maxToolCalls: 5, maxPipelineRuns: 3, maxCredentialRequests: 3 }),
  ).toBeNull();
  tracker.recordTurn(1);
  time.tick(1_000);
  const texts: string[] = [];
  for (const limit of [
    'maxTurns',
    'maxTokens',
    'maxDurationMs',
    'maxToolCalls',
    'maxPipelineRuns',
    'maxCredentialRequests',
  ] as const) {
    texts.push(said(tracker, raised) ?? 'nothing');
    raised[limit] += 1_000;
  }
  expect(texts).toEqual([
    'Max turns reached',
    'Token budget exhausted',
    'Time limit exceeded',
    'Max tool calls reached',
    'Max pipeline runs reached',
    'Max credential requests reached',
  ]);
  expect(said(tracker, raised)).toBeNull();
});

test('the time limit is reached at its last millisecond and not before', () => {
  const time = clock();
  const tracker = new BudgetTracker(time.now);
  time.tick(999);
  expect(said(tracker)).toBeNull();
  time.tick(1);
  expect(said(tracker)).toBe('Time limit exceeded');
});

test('a day of waiting for people does not count', () => {
  const time = clock();
  const tracker = new BudgetTracker(time.now);
  time.tick(600);
  tracker.startWaiting();
  time.tick(12 * 3_600_000);
  tracker.startWaiting();
  time.tick(12 * 3_600_000);
  expect(tracker.elapsedMs()).toBe(600);
  tracker.stopWaiting();
  tracker.stopWaiting();
  time.tick(399);
  expect(said(tracker)).toBeNull();
  time.tick(1);
  expect(said(tracker)).toBe('Time limit exceeded');
});

test('tokens that a provider failed to count exhaust the budget instead of lifting it', () => {
  const tracker = new BudgetTracker(clock().now);
  tracker.recordTurn(Number.NaN);
  expect(said(tracker)).toBe('Token budget exhausted');
});

test('a limit that is no number is reached at once', () => {
  const tracker = new BudgetTracker(clock().now);
  expect(said(tracker, { ...limits, maxTurns: Number.NaN })).toBe('Max turns reached');
});

test('recordToolCall counts a call', () => {
  const tracker = new BudgetTracker(clock().now);
  tracker.recordToolCall();
  expect(tracker.snapshot().toolCalls).toBe(1);
});

test('the second of two parallel calls is refused the last pipeline run', () => {
  const tracker = new BudgetTracker(clock().now);
  const one = { ...limits, maxPipelineRuns: 1 };
  tracker.reserve(one, 'pipelineRun');
  expect(() => tracker.reserve(one, 'pipelineRun')).toThrow(
    new BudgetExceededError('Max pipeline runs reached'),
  );
  expect(tracker.snapshot().reserved).toEqual({ toolCalls: 1, pipelineRuns: 1, credentialRequests: 0 });
  tracker.release('pipelineRun');
  expect(() => tracker.reserve(one, 'pipelineRun')).not.toThrow();
});

type Step =
  | { kind: 'reserve' | 'commit' | 'release'; use: BudgetedUse | undefined }
  | { kind: 'wait' | 'resume' | 'carry' }
  | { kind: 'tick'; ms: number };

const use = fc.constantFrom<BudgetedUse | undefined>(undefined, 'pipelineRun', 'credentialRequest');
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom('reserve', 'commit', 'release'), use }),
  fc.record({ kind: fc.constantFrom('wait', 'resume', 'carry') }),
  fc.record({ kind: fc.constant('tick' as const), ms: fc.nat(5_000) }),
);

test('no interleaving of reserve, commit, release, waits and continue-as-new overspends or counts a wait', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60 }),
      fc.record({ calls: fc.nat(6), pipelines: fc.nat(3), credentials: fc.nat(3) }),
      (steps, { calls, pipelines, credentials }) => {
        const budget = {
          ...DEFAULT_BUDGET,
          maxToolCalls: calls,
          maxPipelineRuns: pipelines,
          maxCredentialRequests: credentials,
        };
        const time = clock();
        let tracker = new BudgetTracker(time.now);
        const open: (BudgetedUse | undefined)[] = [];
        let committed = 0;
        let actedMs = 0;
        let isWaiting = false;
        for (const each of steps) {
          switch (each.kind) {
            case 'reserve': {
              const before = tracker.snapshot();
              try {
                tracker.reserve(budget, each.use);
                open.push(each.use);
              } catch (error) {
                expect(error).toBeInstanceOf(BudgetExceededError);
                expect(tracker.snapshot()).toEqual(before);
              }
              break;
            }
            case 'commit':
            case 'release': {
              const index = open.indexOf(each.use);
              if (index < 0) break;
              open.splice(index, 1);
              if (each.kind === 'commit') committed++;
              tracker[each.kind](each.use);
              break;
            }
            case 'wait':
              tracker.startWaiting();
              isWaiting = true;
              break;
            case 'resume':
              tracker.stopWaiting();
              isWaiting = false;
              break;
            case 'carry':
              tracker = new BudgetTracker(time.now, JSON.parse(JSON.stringify(tracker.snapshot())));
              break;
            case 'tick':
              time.tick(each.ms);
              if (!isWaiting) actedMs += each.ms;
              break;
          }
          const { toolCalls, pipelineRuns, credentialRequests, reserved } = tracker.snapshot();
          expect(toolCalls).toBe(committed);
          expect(reserved.toolCalls).toBe(open.length);
          expect(toolCalls + reserved.toolCalls).toBeLessThanOrEqual(calls);
          expect(pipelineRuns + reserved.pipelineRuns).toBeLessThanOrEqual(pipelines);
          expect(credentialRequests + reserved.credentialRequests).toBeLessThanOrEqual(credentials);
          expect(tracker.elapsedMs()).toBe(actedMs);
        }
      },
    ),
  );
});

test('a snapshot is a copy: what is counted later is not in it', () => {
  const tracker = new BudgetTracker(clock().now);
  const before = tracker.snapshot();
  tracker.reserve(limits);
  tracker.recordTurn(5);
  expect(before).toMatchObject({ turns: 0, tokens: 0, reserved: { toolCalls: 0 } });
});

test('a top-up only adds', () => {
  const more = raisedBudget(limits, { maxTurns: 3, maxTokens: -50, maxToolCalls: Number.NaN });
  expect(more).toEqual({ ...limits, maxTurns: 5 });
});
