import { z } from 'zod';
import { canonicalJson } from '../../src/domain/canonical-json';
import { GatehouseError } from '../../src/domain/errors';
import { createExecutor } from '../../src/sandbox/execute';
import { createJournal } from '../../src/sandbox/journal';
import { defineTool } from '../../src/tools/define-tool';
import type { Reconciliation, Tool } from '../../src/tools/tool';
import { type Host, openHost } from './support/host';

let host: Host;
let runs: string[] = [];
let reconciliation: Reconciliation = { kind: 'unknown' };
const counting = (name: string, changes: Partial<Tool> = {}): Tool =>
  defineTool<Record<string, never>>({
    name,
    description: 'Counts its runs.',
    parameters: z.strictObject({}),
    judge: () => ({ effect: 'draft', marks: [] }),
    sensitive: [],
    idempotent: false,
    async run(_, { callId, signal }) {
      runs.push(callId);
      await new Promise<void>((resolve) => {
        if (!callId.startsWith('hangs') || runs.filter((id) => id === callId).length > 1) return resolve();
        signal.addEventListener('abort', () => resolve());
      });
      return { ok: true, text: `run ${runs.length}` };
    },
    ...changes,
  } as Tool<Record<string, never>>);

beforeAll(async () => {
  host = openHost({
    tools: [
      counting('once'),
      counting('again', { idempotent: true }),
      counting('probed', { reconcile: async () => reconciliation }),
      counting('throws', {
        run: async () => {
          throw new Error(`ENOENT: no such file, open '${host.folder}/secret'`);
        },
      }),
      counting('refuses', {
        run: async () => {
          throw new GatehouseError('path-refused', 'the path `x` is not in the workspace');
        },
      }),
    ],
  });
  await host.prepare();
});
afterAll(() => host.close());
beforeEach(() => {
  runs = [];
  reconciliation = { kind: 'unknown' };
});

test('an effect reports its outcome and the new state of the workspace, its files for content rules included', async () => {
  const before = await host.workspaces.state('run-1');
  const result = await host.execute('write-file', { path: 'modules/new.tf', content: 'x' }, 'draft');
  expect(result.outcomes).toMatchObject([{ kind: 'done' }]);
  expect(result.workspace).toMatchObject({
    host: 'here',
    keyThumbprint: host.key.thumbprint,
    head: before.head,
  });
  expect(result.workspace.tree).not.toBe(before.tree);
  const { tree } = await host.content(result.workspace.content);
  const written = tree.find(({ path }) => path === 'modules/new.tf');
  expect(Buffer.from(await host.artifacts.get(written?.artifact ?? '')).toString()).toBe('x');
  const removed = await host.execute('script', { script: 'rm -r modules' }, 'draft');
  expect((await host.content(removed.workspace.content)).tree).not.toContainEqual(written);
});

test('a commit and a push reach the forge, and the source is not written', async () => {
  await host.execute('write-file', { path: 'pushed', content: 'x' }, 'draft');
  const committed = await host.execute('git-commit', { message: 'add it' }, 'draft');
  expect(committed.outcomes).toMatchObject([{ kind: 'done' }]);
  const pushed = await host.execute('git-push', {}, 'draft');
  expect(pushed.outcomes[0]).toMatchObject({ kind: 'done' });
  const forge = host.workspaces.forgePath('run-1');
  const branch = await host.sandbox.run(
    { argv: ['git', '-C', '/forge', 'rev-parse', 'gatehouse/run-1'] },
    {
      effect: 'read',
      workspace: null,
      binds: [{ source: forge ?? '', target: '/forge', isWritable: false }],
    },
  );
  expect(branch.stdout.trim()).toBe(committed.workspace.head);
  const source = await host.sandbox.run(
    { argv: ['git', '-C', '/source', 'branch', '--list', '--format=%(refname:short)'] },
    {
      effect: 'read',
      workspace: null,
      binds: [{ source: host.source, target: '/source', isWritable: false }],
    },
  );
  expect(source.stdout.trim()).toBe('main');
});

test('consecutive reads run under one grant, in order', async () => {
  const calls = ['main.tf', 'missing'].map((path, index) => ({
    id: `r${index}`,
    tool: 'read-file',
    args: canonicalJson({ path }),
    effect: 'read' as const,
  }));
  const { outcomes } = await host.executor.execute(
    { runId: 'run-1', grant: await host.grant(calls), calls, audience: 'activity' },
    new AbortController().signal,
  );
  expect(outcomes).toMatchObject([
    { kind: 'done', callId: 'r0', text: expect.stringContaining('null_resource') },
    { kind: 'failed', callId: 'r1' },
  ]);
});

test("a user's own tool of the snapshot gets its arguments as JSON", async () => {
  const { outcomes } = await host.execute('greet', { name: 'Ada' }, 'read');
  expect(outcomes).toMatchObject([{ kind: 'done', text: '{"name":"Ada"}' }]);
});

test('what a tool throws becomes public words, without paths of this host', async () => {
  const stranger = await host.execute('throws', {}, 'draft');
  expect(stranger.outcomes).toEqual([
    { kind: 'failed', callId: expect.any(String), text: 'an internal error, see the log' },
  ]);
  const ours = await host.execute('refuses', {}, 'draft');
  expect(ours.outcomes[0]?.text).toBe('the path `x` is not in the workspace');
});

test('long output is cut in its middle and kept whole', async () => {
  const { outcomes } = await host.execute(
    'script',
    { script: 'echo start; yes ä | head -c 60000; echo; echo end' },
    'sandbox',
  );
  const outcome = outcomes[0] as { text: string; artifact: string };
  expect(Buffer.byteLength(outcome.text)).toBeLessThanOrEqual(16 * 1024);
  expect(outcome.text).toMatch(/^start\n/);
  expect(outcome.text).toMatch(/end\n$/);
  expect(outcome.text).toMatch(/\[… \d+ of 60011 bytes left out here …\]/);
  expect((await host.artifacts.get(outcome.artifact)).byteLength).toBe(60011);
});

test('the same grant again gives what was recorded, and runs nothing', async () => {
  const call = { id: 'twice', tool: 'once', args: '{}', effect: 'draft' as const };
  const grant = await host.grant([call]);
  const first = await run(call, grant);
  expect(await run(call, grant)).toEqual(first);
  // Gated again, the same action has another grant.
  expect((await run(call, await host.grant([call]))).outcomes).toEqual(first.outcomes);
  expect(runs).toEqual(['twice']);
});

test('the recorded outcome is given even after the grant has expired', async () => {
  const call = { id: 'late', tool: 'once', args: '{}', effect: 'draft' as const };
  const grant = await host.grant([call]);
  const first = await run(call, grant);
  const later = createExecutor({ ...host.dependencies, now: () => Date.now() + 3_600_000 });
  expect(await run(call, grant, later)).toEqual(first);
});

test('two attempts at once run it once', async () => {
  const call = { id: 'racing', tool: 'once', args: '{}', effect: 'draft' as const };
  const grant = await host.grant([call]);
  const [one, other] = await Promise.all([run(call, grant), run(call, grant)]);
  expect(one).toEqual(other);
  expect(runs).toEqual(['racing']);
});

describe('a call that was broken off', () => {
  test('runs again when that is the same as once', async () => {
    const call = await brokenOff('again');
    expect((await finish(call)).outcomes).toMatchObject([{ kind: 'done' }]);
    expect(runs).toEqual([call.id, call.id]);
  });

  test('is unknown when nobody can tell, now and ever after', async () => {
    const call = await brokenOff('once');
    expect((await finish(call)).outcomes).toMatchObject([{ kind: 'unknown', callId: call.id }]);
    expect((await finish(call)).outcomes).toMatchObject([{ kind: 'unknown', callId: call.id }]);
    expect(runs).toEqual([call.id]);
  });

  test('takes its outcome from the probe when that finds it finished', async () => {
    const call = await brokenOff('probed');
    reconciliation = { kind: 'finished', output: { ok: true, text: 'it was there' } };
    expect((await finish(call)).outcomes).toMatchObject([{ kind: 'done', text: 'it was there' }]);
    expect(runs).toEqual([call.id]);
  });

  test('runs when the probe finds that it never started', async () => {
    const call = await brokenOff('probed');
    reconciliation = { kind: 'not-started' };
    expect((await finish(call)).outcomes).toMatchObject([{ kind: 'done' }]);
    expect(runs).toEqual([call.id, call.id]);
  });

  test('does not run again on a grant that has expired meanwhile', async () => {
    const call = await brokenOff('again');
    const later = createExecutor({ ...restarted(), now: () => Date.now() + 61_000 });
    await expect(run(call, call.grant, later)).rejects.toMatchObject({ code: 'grant-expired' });
  });
});

describe('a call that ran on a host that is lost', () => {
  const probe = async (tool: string, found: Reconciliation) => {
    reconciliation = found;
    const call = { id: `lost-${tool}-${found.kind}`, tool, args: '{}', effect: 'draft' as const };
    const grant = await host.grant([call]);
    const { signal } = new AbortController();
    const request = { grant, calls: [call], audience: 'activity' as const, runId: 'run-1' };
    return { call, grant, found: await host.executor.probe(request, signal) };
  };

  test('is finished when the probe finds it so, and comes with the workspace as it is here', async () => {
    const { found } = await probe('probed', {
      kind: 'finished',
      output: { ok: true, text: 'it was there' },
    });
    expect(found).toMatchObject({
      kind: 'finished',
      outcome: { kind: 'done', text: 'it was there' },
      workspace: { host: 'here', tree: expect.any(String) },
    });
    expect(runs).toEqual([]);
  });

  test.each([
    ['not done when the probe finds nothing of it', 'probed', 'not-started', 'not-started'],
    ['unknown when the probe cannot tell', 'probed', 'unknown', 'unknown'],
    ['unknown when there is no probe, though it might be repeated', 'again', 'not-started', 'unknown'],
  ] as const)('is %s', async (_, tool, answer, kind) => {
    expect((await probe(tool, { kind: answer })).found).toEqual({ kind });
    expect(runs).toEqual([]);
  });

  test('does not start here by the grant it was probed with', async () => {
    const { call, grant } = await probe('probed', { kind: 'not-started' });
    expect((await run(call, grant)).outcomes).toMatchObject([{ kind: 'unknown' }]);
    expect(runs).toEqual([]);
  });
});

test('without a workspace on this host the call is refused as not run', async () => {
  await expect(host.execute('once', {}, 'draft', { sub: 'run-9' })).rejects.toMatchObject({
    code: 'workspace-missing',
  });
  await expect(host.execute('list-files', {}, 'read', { sub: 'run-9' })).rejects.toMatchObject({
    code: 'workspace-missing',
  });
  expect(runs).toEqual([]);
});

test('without a sandbox every call is refused as not run', async () => {
  const without = {
    check: async () => {
      throw new GatehouseError('sandbox-unavailable', 'the sandbox cannot start programs on this machine');
    },
    run: host.sandbox.run,
  };
  const executor = createExecutor({ ...host.dependencies, sandbox: without });
  const call = { id: 'nobox', tool: 'once', args: '{}', effect: 'draft' as const };
  await expect(run(call, await host.grant([call]), executor)).rejects.toMatchObject({
    code: 'sandbox-unavailable',
  });
  expect(runs).toEqual([]);
});

interface Call {
  id: string;
  tool: string;
  args: string;
  effect: 'draft';
}

function run(call: Call, grant: string, executor = host.executor, signal = new AbortController().signal) {
  const { id, tool, args } = call;
  return executor.execute(
    { runId: 'run-1', grant, calls: [{ id, tool, args }], audience: 'activity' },
    signal,
  );
}

let broken = 0;
/** Stopped in its middle, as by a worker that shuts down. */
async function brokenOff(tool: string): Promise<Call & { grant: string }> {
  const call: Call = { id: `hangs-${++broken}`, tool, args: '{}', effect: 'draft' };
  const grant = await host.grant([call]);
  const stop = new AbortController();
  const running = run(call, grant, host.executor, stop.signal);
  await Promise.race([running, hasStarted(call.id)]);
  stop.abort(new Error('the worker stops'));
  await expect(running).rejects.toThrow('the worker stops');
  return { ...call, grant };
}

async function hasStarted(callId: string): Promise<void> {
  while (!runs.includes(callId)) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** What a new process has: the same files, and nothing in memory. */
function restarted() {
  return { ...host.dependencies, journal: createJournal({ folder: host.journalFolder }) };
}

function finish(call: Call & { grant: string }) {
  return run(call, call.grant, createExecutor(restarted()));
}
