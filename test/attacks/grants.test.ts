import { createGrantMinter } from '../../src/broker/grant';
import { makeKey } from '../../src/broker/keys';
import { canonicalJson } from '../../src/domain/canonical-json';
import { sha256 } from '../../src/domain/hashing';
import { type Host, openHost } from '../sandbox/support/host';

/** What somebody with access to Temporal, or to history, tries with the sandbox worker. */
let host: Host;
beforeAll(async () => {
  host = openHost();
  await host.prepare();
  await host.prepare('run-2');
});
afterAll(() => host.close());

const WRITE = canonicalJson({ path: 'written', content: 'x' });
const write = { id: 'w1', tool: 'write-file', args: WRITE, effect: 'draft' as const };
const signal = new AbortController().signal;

afterEach(async () => {
  expect(await host.script('ls written 2>&1', 'read')).toContain('No such file');
});

test('without a grant nothing runs', async () => {
  await refused(execute(''), 'grant-invalid');
});

test('a forged grant is refused', async () => {
  const claims = host.dependencies.verifier.open(await host.grant([write]), {
    audience: 'activity',
    presenter: host.key.thumbprint,
    now: Date.now(),
  }).claims;
  await refused(execute(createGrantMinter(makeKey()).mint(claims)), 'grant-invalid');
});

test('an expired grant starts nothing', async () => {
  const iat = Math.floor(Date.now() / 1000) - 61;
  await refused(execute(await host.grant([write], { iat, exp: iat + 60 })), 'grant-expired');
});

test('a grant for other arguments is refused', async () => {
  const other = canonicalJson({ path: 'harmless', content: 'x' });
  await refused(execute(await host.grant([{ ...write, args: other }])), 'grant-wrong-call');
});

test('the same arguments in another spelling are other arguments', async () => {
  const grant = await host.grant([write]);
  await refused(execute(grant, { args: ` ${WRITE}` }), 'grant-wrong-call');
});

test('a grant for another tool is refused', async () => {
  const grant = await host.grant([{ ...write, tool: 'read-file' }]);
  await refused(execute(grant), 'grant-wrong-call');
});

test('a grant for another call is refused', async () => {
  await refused(execute(await host.grant([{ ...write, id: 'w2' }])), 'grant-wrong-call');
});

test('a grant of another run is refused', async () => {
  await refused(execute(await host.grant([write], { sub: 'run-2' })), 'grant-wrong-run');
});

test('a grant for the channel is no grant for an activity', async () => {
  const grant = await host.grant([write], { aud: 'channel', cnf: { jkt: host.key.thumbprint } });
  await refused(execute(grant), 'grant-wrong-audience');
});

test("a grant bound to another host's key is refused", async () => {
  await refused(
    execute(await host.grant([write], { cnf: { jkt: makeKey().thumbprint } })),
    'grant-wrong-presenter',
  );
  await refused(execute(await host.grant([write], { host: 'elsewhere' })), 'grant-wrong-presenter');
});

test('a read grant gives a writing tool a read-only workspace', async () => {
  const grant = await host.grant([{ ...write, id: 'w-read', effect: 'read' }]);
  const { outcomes } = await execute(grant, { id: 'w-read' });
  expect(outcomes[0]).toMatchObject({ kind: 'failed' });
  expect(outcomes[0]?.text).toContain('Read-only file system');
});

test('a grant with a snapshot that does not load runs nothing', async () => {
  await refused(execute(await host.grant([write], { snapshot: sha256('none') })), 'snapshot-unavailable');
});

test("a grant with another organization's snapshot runs nothing", async () => {
  await refused(execute(await host.grant([write], { organization: 'other' })), 'grant-invalid');
});

test('a run id that is a path is refused', async () => {
  const grant = await host.grant([write], { sub: '../run-2' });
  await refused(execute(grant, {}, '../run-2'), 'run-id-malformed');
});

test('a call that was used runs no other action under the same id', async () => {
  const first = {
    id: 'same',
    tool: 'script',
    args: canonicalJson({ script: 'true' }),
    effect: 'draft' as const,
  };
  await host.executor.execute(
    { runId: 'run-1', grant: await host.grant([first]), calls: [first], audience: 'activity' },
    signal,
  );
  await refused(execute(await host.grant([{ ...write, id: 'same' }]), { id: 'same' }), 'grant-replayed');
});

test('what was approved for another tree does not run', async () => {
  const { tree } = await host.workspaces.state('run-1');
  const zero = '0'.repeat(40);
  await refused(execute(await host.grant([{ ...write, tree: zero }])), 'content-changed');
  await refused(execute(await host.grant([{ ...write, tree, head: zero }])), 'content-changed');
});

function execute(grant: string, changes: Partial<typeof write> = {}, runId = 'run-1') {
  const { id, tool, args } = { ...write, ...changes };
  return host.executor.execute({ runId, grant, calls: [{ id, tool, args }], audience: 'activity' }, signal);
}

async function refused(execution: Promise<unknown>, code: string): Promise<void> {
  await expect(execution).rejects.toMatchObject({ code });
}
