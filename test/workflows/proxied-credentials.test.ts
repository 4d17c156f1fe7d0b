import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createAuditStore } from '../../src/store/audit-store';
import { makeAuthority } from '../support/certificates';
import { everythingKept } from '../support/everything-kept';
import { type Harness, startHarness } from '../support/run-harness';
import { call } from '../support/scripted-agent';
import type { TestRun } from '../support/test-run';

/** Credentials of the broker that the proxy puts into requests, from the tool's declaration to the host that gets them. */
const SECRET = 'Gq4-Wm8_Tz2-Hv6Bn1Xc9Yk3';
const PROMPT = 'Use the account tickets as reader or writer, to read or write.';

let gatehouse: Harness;
let server: Server;
let port: number;
let asked: { url: string; authorization: string | undefined }[] = [];

beforeAll(async () => {
  const authority = makeAuthority('Test CA');
  const { certificate: cert, privateKey: key } = authority.certify(['localhost']);
  server = createServer({ cert, key }, reply);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
  const certificateAuthority = authority.certificate.toString();
  const offer = (role: string, scope: string, secret: string) => ({
    ...{ account: 'tickets', role, scope, organizations: ['local'] },
    issuer: { kind: 'static', env: { TICKETS_TOKEN: secret } },
    proxy: { host: `localhost:${port}`, certificateAuthority },
  });
  gatehouse = await startHarness({
    offers: [offer('reader', 'read', SECRET), offer('writer', 'write', `${SECRET}W`)],
  });
});
beforeEach(() => {
  asked = [];
});
afterAll(async () => {
  await gatehouse?.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** Says back whatever it was sent. */
function reply(request: IncomingMessage, response: ServerResponse): void {
  const { url = '', headers } = request;
  asked.push({ url, authorization: headers.authorization });
  response.setHeader('x-echo', headers.authorization ?? 'none');
  response.end(`${url} with ${headers.authorization ?? 'nothing'}\n`);
}

const get = (path: string, ...flags: string[]) => [
  'curl',
  ...['-sS', '-i', ...flags, `https://localhost:${port}${path}`],
];
const tool = (name: string, command: string[], more: object = {}) => ({
  ...{ name, description: 'Asks.', effect: 'sandbox', sensitive: [] },
  ...{ parameters: { type: 'object' }, command, ...more },
});
const READER = { account: 'tickets', role: 'reader', scope: 'read' };
const WRITER = { account: 'tickets', role: 'writer', scope: 'write' };

async function started(definition: object, turns: Parameters<Harness['agent']>[1]): Promise<TestRun> {
  const network = [`localhost:${port}`];
  const agent = await gatehouse.agent({ tier: 'SANDBOX', network, ...definition }, [
    ...turns,
    { say: 'done' },
  ]);
  return gatehouse.start({ agent, prompt: PROMPT });
}

async function audited(runId: string) {
  const records = await createAuditStore(gatehouse.database).list({ runId, organizationId: 'local' });
  return records
    .filter(({ kind }) => kind.startsWith('credential-'))
    .map(({ kind, body }) => ({ kind, body: body as Record<string, unknown> }));
}

test('a tool that declares a credential reaches its host with it, nobody holds or sees it, and it ends with the call', async () => {
  const look = 'env; cat /proc/*/environ /proc/*/cmdline | tr "\\0" "\\n"; ls -R /run; cat /proc/net/unix';
  const run = await started(
    {
      tools: [
        tool('list-tickets', ['sh', '-c', `${get('/tickets').join(' ')}; ${look}`], { credential: READER }),
        tool('look-again', get('/again', '-k')),
      ],
    },
    [{ calls: [call('list-tickets')] }, { calls: [call('look-again')] }],
  );
  expect(await run.outcome()).toMatchObject({ status: 'COMPLETED' });
  expect(asked).toEqual([
    { url: '/tickets', authorization: `Bearer ${SECRET}` },
    // The next call was granted no credential.
    { url: '/again', authorization: undefined },
  ]);
  const [first, second] = await run.outcomes();
  expect(first?.text).toMatch(/\/tickets with Bearer \*+\n/);
  expect(first?.text).toMatch(
    /\(it had the credentials `cred-[0-9a-f]{16}` of static for itself: account `tickets`, role `reader`, scope `read`, until 20\S+ at the latest; they ended with it\)$/,
  );
  expect(first?.text).not.toContain('TICKETS_TOKEN');
  expect(second?.text).toContain('/again with nothing');
  const records = await audited(run.runId);
  expect(records).toMatchObject([
    { kind: 'credential-issued', body: { ...READER, provider: 'static' } },
    { kind: 'credential-revoked', body: { ...READER, how: 'never' } },
  ]);
  expect((await run.usage()).usage.credentialRequests).toBe(1);
  const kept = (await everythingKept(gatehouse, run)).join('\n');
  for (const form of [
    SECRET,
    Buffer.from(SECRET).toString('base64').slice(0, 24),
    encodeURIComponent(SECRET),
  ])
    expect(kept).not.toContain(form);
});

test('one that the model asked for is used by the proxy for the rest of the run', async () => {
  const run = await started({}, [
    { calls: [call('cloud-credentials', READER)] },
    { calls: [call('run-command', { command: `${get('/mine').join(' ')} > mine; cat mine; env` })] },
  ]);
  await run.outcome();
  const [credentials, command] = await run.outcomes();
  expect(credentials?.text).toMatch(
    /until 20\S+\nPrograms of later calls of effect `sandbox` and `production` reach `localhost:\d+` with them: the proxy puts them in/,
  );
  expect(command?.text).toMatch(/\/mine with Bearer \*+\n/);
  expect(command?.text).not.toContain('TICKETS_TOKEN');
  expect(asked).toEqual([{ url: '/mine', authorization: `Bearer ${SECRET}` }]);
});

test('a credential for writing waits for a person with the call that needs it, and is of no use to others', async () => {
  const run = await started(
    {
      tier: 'PROD_GATED',
      tools: [
        tool('close-ticket', get('/close'), { effect: 'production', credential: WRITER }),
        tool('look-again', get('/again', '-k')),
      ],
    },
    [{ calls: [call('close-ticket')] }, { calls: [call('look-again')] }],
  );
  const [held] = await run.approvals();
  expect(held).toMatchObject({ tool: 'close-ticket', effect: 'production' });
  expect(asked).toEqual([]);
  expect(await audited(run.runId)).toEqual([]);
  await run.approveNext();
  await run.outcome();
  expect(asked).toEqual([
    { url: '/close', authorization: `Bearer ${SECRET}W` },
    { url: '/again', authorization: undefined },
  ]);
});

test('beyond the budget, or where credentials are denied, such a call does not run, and the run goes on', async () => {
  const tools = [tool('list-tickets', get('/tickets'), { credential: READER, idempotent: true })];
  const spent = await started({ tools, budget: { maxCredentialRequests: 1 } }, [
    { calls: [call('list-tickets'), call('list-tickets')] },
  ]);
  expect(await spent.outcome()).toMatchObject({ status: 'BUDGET_EXCEEDED' });
  expect(asked).toHaveLength(1);
  asked = [];
  const denied = await started({ tools, deniedTools: ['cloud-credentials'] }, [
    { calls: [call('list-tickets')] },
  ]);
  expect(await denied.outcome()).toMatchObject({ status: 'COMPLETED' });
  expect((await denied.outcomes())[0]).toMatchObject({
    kind: 'refused',
    text: expect.stringContaining('needs credentials, and `cloud-credentials` is denied to this agent'),
  });
  expect(asked).toEqual([]);
});
