import { createHmac } from 'node:crypto';
import { createGrantMinter } from '../../src/broker/grant';
import { makeKey, publicJwk } from '../../src/broker/keys';
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

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A genuine grant taken apart, with another header and signature. */
async function resigned(header: object, sign: (input: string) => string): Promise<string> {
  const [genuine = '', claims] = (await host.grant([write])).split('.');
  const known = JSON.parse(Buffer.from(genuine, 'base64url').toString());
  const input = `${encoded({ ...known, ...header })}.${claims}`;
  return `${input}.${sign(input)}`;
}

test.each<[string, () => Promise<string>]>([
  ['without an algorithm', () => resigned({ alg: 'none' }, () => '')],
  ['without a signature', () => resigned({}, () => '')],
  ['with a signature of nothing', () => resigned({}, () => Buffer.alloc(64).toString('base64url'))],
  [
    'signed with the public key as a secret',
    () =>
      resigned({ alg: 'HS256' }, (input) =>
        createHmac('sha256', publicJwk(host.gate.publicKey).x).update(input).digest('base64url'),
      ),
  ],
  ['that brings its own key', () => resigned({ jwk: publicJwk(makeKey().publicKey) }, () => 'AAAA')],
  ['that names extensions', () => resigned({ crit: ['exp'], exp: 1 }, () => 'AAAA')],
  ['of another kind', () => resigned({ typ: 'JWT' }, () => 'AAAA')],
  ['in another spelling', async () => `${await host.grant([write])}=`],
  ['with a line more', async () => `${await host.grant([write])}\n`],
  ['in two halves', async () => (await host.grant([write])).split('.').slice(0, 2).join('.')],
  ['longer than any', async () => `${await host.grant([write])}${'A'.repeat(100_000)}`],
])('a grant %s is refused', async (_what, grant) => {
  await refused(execute(await grant()), 'grant-invalid');
});

test('a grant signed with the key of the runner or of the host itself is refused', async () => {
  const genuine = await host.grant([write]);
  const { claims } = host.dependencies.verifier.open(genuine, {
    audience: 'activity',
    presenter: host.key.thumbprint,
    now: Date.now(),
  });
  for (const key of [host.runner, host.key])
    await refused(execute(createGrantMinter(key).mint(claims)), 'grant-invalid');
});

test('a grant that lives longer than any, or begins later, is refused', async () => {
  const now = Math.floor(Date.now() / 1000);
  await refused(execute(await host.grant([write], { iat: now, exp: now + 86_400 })), 'grant-invalid');
  await refused(execute(await host.grant([write], { iat: now + 60, exp: now + 120 })), 'grant-invalid');
});

test('a grant that is presented many times at once runs its call once', async () => {
  const script = canonicalJson({ script: 'echo once >> counted; cat counted' });
  const call = { id: 'many', tool: 'script', args: script, effect: 'draft' as const };
  const request = { runId: 'run-1', grant: await host.grant([call]), calls: [call], audience: 'activity' };
  const results = await Promise.all(
    Array.from({ length: 8 }, () =>
      host.executor.execute({ ...request, audience: 'activity' }, signal).then(({ outcomes }) => outcomes[0]),
    ),
  );
  for (const outcome of results) expect(outcome).toMatchObject({ kind: 'done', text: 'once\n' });
});

test('a call that is named twice, or beside others that were not granted, does not run', async () => {
  const grant = await host.grant([write]);
  const run = (calls: (typeof write)[]) =>
    host.executor.execute({ runId: 'run-1', grant, calls, audience: 'activity' }, signal);
  await refused(run([write, { ...write, id: 'w2' }]), 'grant-wrong-call');
  await refused(run([]), 'grant-wrong-call');
  await refused(execute(await host.grant([write, write])), 'grant-invalid');
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
