import { join } from 'node:path';
import { loadKey, makeKey } from '../../src/broker/keys';
import type { CallOutcome } from '../../src/domain/call';
import type { ExecuteInput, ExecuteResult, PrepareInput, Workspace } from '../../src/domain/steps';
import { MAX_OUTCOME_LENGTH, MAX_REFUSED_HOSTS } from '../../src/domain/turn-limits';
import { hostQueue, queues } from '../../workflows/messages';
import { type Harness, startHarness } from '../support/run-harness';
import { call, DEPLOY_TOOL } from '../support/scripted-agent';
import type { TestRun } from '../support/test-run';
import { startHostileWorker } from './support/hostile-worker';

/** What a sandbox worker tries that somebody has taken over: it holds the host's key, and says what it likes. */
let gatehouse: Harness;
let agent: string;
let honest: Workspace;
let worker: { stop(): Promise<void> };
const prepares = new Map<string, () => unknown>();
const executions = new Map<string, (input: ExecuteInput) => unknown>();
beforeAll(async () => {
  gatehouse = await startHarness({ channel: 'off' });
  await gatehouse.stop('sandbox');
  honest = {
    host: 'here',
    keyThumbprint: loadKey(join(gatehouse.folder, 'keys/sandbox.jwk')).thumbprint,
    tree: 'a'.repeat(40),
    head: 'b'.repeat(40),
  };
  worker = await startHostileWorker(gatehouse, {
    [queues.sandbox]: {
      activities: { prepare: async ({ runId }: PrepareInput) => (prepares.get(runId) ?? (() => honest))() },
    },
    [hostQueue('here')]: {
      activities: {
        executeTool: async (input: ExecuteInput) => executions.get(input.runId)!(input),
        discard: async () => undefined,
      },
    },
  });
  agent = await gatehouse.agent({ tier: 'PROD_GATED', tools: [DEPLOY_TOOL] }, [
    { calls: [call('write-file', { path: 'a', content: 'x' }), call('deploy', { to: 'production' })] },
    { capture: { first: { from: 1, pattern: '([^]*)' } }, say: '{{first}}' },
  ]);
});
afterAll(async () => {
  await worker?.stop();
  await gatehouse.close();
});

let started = 0;
async function startRun(parts: {
  prepare?: () => unknown;
  execute?: (input: ExecuteInput) => unknown;
}): Promise<TestRun> {
  const runId = `taken-over-${++started}`;
  if (parts.prepare) prepares.set(runId, parts.prepare);
  if (parts.execute) executions.set(runId, parts.execute);
  return gatehouse.start({ agent, runId });
}

const done: CallOutcome = { kind: 'done', callId: 't1c1', text: 'wrote it' };
/** An answer that an honest sandbox could have given. */
const answer = (changes: Partial<ExecuteResult> = {}): ExecuteResult => ({
  outcomes: [done],
  workspace: honest,
  refusedHosts: [],
  ...changes,
});
const outcome = (changes: object) => answer({ outcomes: [{ ...done, ...changes } as CallOutcome] });

test('an honest answer is taken', async () => {
  const run = await startRun({ execute: () => answer() });
  await run.denyNext('no');
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'wrote it' });
});

test.each<[string, (input: ExecuteInput) => unknown]>([
  ['nothing', () => null],
  ['a word', () => 'done'],
  ['no outcome', () => answer({ outcomes: [] })],
  [
    'that the held call is done as well',
    () => answer({ outcomes: [done, { ...done, callId: 't1c2', text: 'deployed' }] }),
  ],
  ['the outcome of the held call instead', () => outcome({ callId: 't1c2' })],
  ['that alice answered', () => outcome({ kind: 'answered', answeredBy: 'alice' })],
  ['that policy refused', () => outcome({ kind: 'refused', findings: ['tier/production'] })],
  ['an outcome of no kind', () => outcome({ kind: 'approved' })],
  ['text that is none', () => outcome({ text: { length: 1 } })],
  ['more text than a call may give', () => outcome({ text: 'x'.repeat(MAX_OUTCOME_LENGTH + 1) })],
  ['an exit code that is none', () => outcome({ exitCode: '0; rm -rf /' })],
  ['an artifact that is a path', () => outcome({ artifact: '../../keys/grant.jwk' })],
  ['the workspace of another host', () => answer({ workspace: { ...honest, host: 'elsewhere' } })],
  [
    'the workspace of another key',
    () => answer({ workspace: { ...honest, keyThumbprint: makeKey().thumbprint } }),
  ],
  ['a tree that is none', () => answer({ workspace: { ...honest, tree: 'HEAD' } })],
  ['no workspace', () => ({ ...answer(), workspace: null })],
  [
    'a flood of refused hosts',
    () => answer({ refusedHosts: Array(MAX_REFUSED_HOSTS + 1).fill({ callId: 't1c1', host: 'x', port: 1 }) }),
  ],
  ['a refused host that is none', () => ({ ...answer(), refusedHosts: [{ host: {}, port: 'all' }] })],
])('a sandbox that answers %s is not believed, the held call stays held, and the run goes on', async (_what, execute) => {
  const run = await startRun({ execute });
  const [approval] = await run.approvals();
  expect(approval).toMatchObject({ tool: 'deploy', callId: 't1c2' });
  await run.denyNext('no');
  expect(await run.outcome()).toEqual({
    status: 'COMPLETED',
    text: expect.stringMatching(/nobody knows whether it finished \(the sandbox host's answer is none/),
  });
  const [first, second] = await run.outcomes();
  expect(first).toMatchObject({ kind: 'unknown', callId: 't1c1' });
  expect(second).toMatchObject({ kind: 'refused', callId: 't1c2' });
  expect((await run.usage()).usage).toMatchObject({ toolCalls: 1, reserved: { toolCalls: 0 } });
});

test.each<[string, () => unknown]>([
  ['nothing', () => null],
  ['a host that is no name', () => ({ ...honest, host: { a: 1 } })],
  ['a tree that is none', () => ({ ...honest, tree: '../..' })],
])('a sandbox that prepares %s ends its run, which says so', async (_what, prepare) => {
  const run = await startRun({ prepare });
  expect(await run.outcome()).toMatchObject({
    status: 'FAILED',
    text: expect.stringContaining("the sandbox host's answer is none"),
  });
});

test('a host with a key that control was not told of is granted nothing', async () => {
  let isAsked = false;
  const run = await startRun({
    prepare: () => ({ ...honest, keyThumbprint: makeKey().thumbprint }),
    execute: () => {
      isAsked = true;
    },
  });
  expect(await run.outcome()).toMatchObject({
    status: 'FAILED',
    text: expect.stringContaining('not known to the control worker'),
  });
  expect(isAsked).toBe(false);
});
