/**
 * Whether the stack of docker-compose.yml, up on this machine's engine, keeps what it promises: who reaches the database,
 * a run from its prompt to its pull request, that run while its processes are killed, and who reads its history. Started by
 * `npm run test:compose`, apart from `npm test`, for it needs an engine; leaves an organization of its own behind.
 */
import { strict as assert } from 'node:assert';
import { type ExecFileSyncOptionsWithStringEncoding, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';

const ROOT = path.resolve(__dirname, '../..');
const EXAMPLES = path.join(ROOT, 'examples');
const API = 'http://127.0.0.1:8080';
const TEMPORAL_UI = 'http://127.0.0.1:8233';
const CODEC = 'http://127.0.0.1:8081';
const OURS = ['control', 'api', 'codec', 'runner', 'sandbox'];
const PROMPT = 'Fix the encryption finding.';
const organization = `check-${randomBytes(4).toString('hex')}`;
const repository = path.join(ROOT, 'deploy/repositories', organization);

const quietly: ExecFileSyncOptionsWithStringEncoding = {
  cwd: ROOT,
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'pipe'],
};
const compose = (...args: string[]): string =>
  execFileSync('docker', ['compose', ...args], { ...quietly, timeout: 120_000 });
const inside = (service: string, ...argv: string[]): string => compose('exec', '-T', service, ...argv);

async function main(): Promise<void> {
  const admin = compose('run', '--rm', '-T', 'organization', organization, 'alice').trim();
  say('an organization and its administrator’s key were made');

  isolation();
  confinement();

  makeRepository();
  await furnish(admin);
  const approver = await keyOf(admin, 'bob', ['approver', 'senior-engineer']);
  const run = { agent: 'demo', prompt: PROMPT, repo: `/repositories/${organization}` };
  const { runId } = await call<{ runId: string }>(admin, 'POST', '/v1/runs', run);
  await reaches(admin, runId, 'WAITING_INPUT');
  say('the demo agent read its repository and asked a question');
  await decoding(approver, runId);

  for (const service of ['runner', 'sandbox']) await kill(service);
  const { questions } = await call<Run>(admin, 'GET', `/v1/runs/${runId}`);
  const [question] = questions;
  assert(question, 'the question is open');
  await call(admin, 'POST', `/v1/runs/${runId}/answers`, {
    questionId: question.id,
    answer: question.options[0],
  });
  await reaches(admin, runId, 'WAITING_APPROVAL');
  say('it went on after runner and sandbox were killed, and asks for an approval');

  for (const service of ['control', 'api', 'codec', 'sandbox']) await kill(service);
  compose('down');
  compose('up', '--detach');
  await until(() => OURS.every(isHealthy), 'all are healthy');
  say('the stack went down and came up');
  const { approvals } = await call<Approvals>(approver, 'GET', '/v1/approvals');
  const approval = approvals.find((one) => one.runId === runId);
  assert(approval, 'the approval is still open');
  await approve(approver, approval);
  await reaches(admin, runId, 'COMPLETED');
  say('approved, the run opened its pull request and completed');
}

/** Asks again where no answer came in time, as the API says. */
async function approve(key: string, { id, actionHash }: Approval): Promise<void> {
  const decision = { decision: 'approve', actionHash };
  await until(async () => {
    try {
      await call(key, 'POST', `/v1/approvals/${id}/decisions`, decision);
      return true;
    } catch (error) {
      if (String(error).includes('control-unreachable')) return false;
      throw error;
    }
  }, 'the approval was answered');
}

/** The database is reached by control and API, by nobody else of ours, and by no name and no address. */
function isolation(): void {
  const containers = inside('postgres', 'hostname', '-I').trim().split(/\s+/);
  const address = containers[0];
  assert(address, 'PostgreSQL has an address');
  for (const service of OURS) {
    const isAllowed = service === 'control' || service === 'api';
    for (const host of ['postgres', address])
      assert.equal(
        connects(service, host, 5432),
        isAllowed,
        `${service} ${isAllowed ? 'reaches' : 'does not reach'} ${host}`,
      );
  }
  assert(connects('runner', 'temporal', 7233) && connects('sandbox', 'temporal', 7233));
  say('control and API reach PostgreSQL; codec server, runner and sandbox do not, by name or address');
  const temporal = inside('temporal', 'hostname', '-I').trim().split(/\s+/);
  for (const host of ['temporal', ...temporal])
    assert(!connects('codec', host, 7233), `the codec server does not reach Temporal by ${host}`);
  assert(connects('codec', 'api', 8080), 'the codec server reaches the API');
  say('the codec server reaches the API, and not Temporal');
}

/** Who is logged in to the console reads what their runs said, through the address that the Temporal UI has, until logged out. */
async function decoding(key: string, runId: string): Promise<void> {
  const others = compose('run', '--rm', '-T', 'organization', `${organization}-others`, 'eve').trim();
  const settings = await fetched<{ Codec: object }>(`${TEMPORAL_UI}/api/v1/settings`);
  assert.deepEqual(settings.Codec, { ...settings.Codec, Endpoint: CODEC, IncludeCredentials: true });
  const { history } = await fetched<History>(
    `${TEMPORAL_UI}/api/v1/namespaces/default/workflows/run-${runId}/history`,
  );
  const { payloads } = history.events[0]!.workflowExecutionStartedEventAttributes.input;
  const decode = async (headers: Record<string, string>) => {
    const answer = await fetch(`${CODEC}/decode`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ payloads }),
    });
    const { payloads: decoded = [], code } = (await answer.json()) as Decoded;
    return answer.ok ? Buffer.from(decoded[0]!.data, 'base64').toString() : `${answer.status} ${code}`;
  };
  const { cookie, logOut } = await logIn(key);
  const page = { cookie, origin: TEMPORAL_UI };
  assert((await decode(page)).includes(PROMPT), 'a person who is logged in to the console reads the prompt');
  assert((await decode({ authorization: `Bearer ${key}` })).includes(PROMPT), 'as does their API key');
  assert.equal(await decode({ authorization: `Bearer ${others}` }), '404 run-unknown');
  await logOut();
  assert.equal(await decode(page), '401 credentials-expired');
  say(
    'who is logged in to the console has payloads decoded, of their own organization and until they log out',
  );
}

/** Fills in the forms of the console as a browser does. */
async function logIn(key: string): Promise<{ cookie: string; logOut(): Promise<void> }> {
  const send = (route: string, fields: Record<string, string>, cookie: string) =>
    fetch(`${API}/console${route}`, {
      method: 'POST',
      body: new URLSearchParams(fields),
      headers: { cookie, 'sec-fetch-site': 'same-origin' },
      redirect: 'manual',
    });
  const csrfIn = async (page: Response) => /name="csrf" value="([^"]+)"/.exec(await page.text())?.[1] ?? '';
  const cookiesOf = (answer: Response) =>
    answer.headers
      .getSetCookie()
      .map((each) => each.split(';')[0]!)
      .filter((each) => !each.endsWith('='))
      .join('; ');
  const form = await fetch(`${API}/console/login`);
  const cookie = cookiesOf(await send('/login', { csrf: await csrfIn(form), key }, cookiesOf(form)));
  assert.match(cookie, /gatehouse-session/, 'the console took the key');
  return {
    cookie,
    async logOut() {
      const csrf = await csrfIn(await fetch(`${API}/console`, { headers: { cookie } }));
      assert.equal((await send('/logout', { csrf }, cookie)).status, 303);
    },
  };
}

async function fetched<Answer>(url: string): Promise<Answer> {
  const answer = await fetch(url);
  assert(answer.ok, `${url}: ${answer.status}`);
  return (await answer.json()) as Answer;
}

function connects(service: string, host: string, port: number): boolean {
  const script = `const s=require('net').connect(${port},'${host}',()=>end('yes'));s.on('error',()=>end('no'));
    const end=(word)=>{console.log(word);process.exit()};setTimeout(end,3000,'no')`;
  return inside(service, 'node', '-e', script).trim() === 'yes';
}

/** No capability anywhere, none to be had, and a filter of system calls. */
function confinement(): void {
  for (const service of OURS) {
    const status = inside(service, 'cat', '/proc/1/status');
    assert.match(status, /^CapBnd:\s+0+$/m, `${service} has no capability`);
    assert.match(status, /^Seccomp:\s+2$/m, `${service} has a filter of system calls`);
    assert.match(status, /^Uid:\s+1000\s/m, `${service} is not root`);
  }
  say('no process of ours is root, has a capability, or is without a filter of system calls');
}

function makeRepository(): void {
  cpSync(path.join(EXAMPLES, 'repositories/shop-infrastructure'), repository, { recursive: true });
  const git = (...args: string[]) => execFileSync('git', ['-C', repository, ...args], quietly);
  git('init', '--quiet', '--initial-branch', 'main');
  git('add', '--all');
  git(
    '-c',
    'user.name=Check',
    '-c',
    'user.email=check@gatehouse.invalid',
    'commit',
    '--quiet',
    '-m',
    'First',
  );
}

async function furnish(key: string): Promise<void> {
  const text = (file: string) => readFileSync(path.join(EXAMPLES, file), 'utf8');
  const definition = parse(text('agents/demo.yaml'));
  const script = text('models/fix-a-finding.yaml');
  await call(key, 'PUT', '/v1/agents/demo', { definition, script });
  const policies = readdirSync(path.join(EXAMPLES, 'policies'))
    .filter((file) => file.endsWith('.md'))
    .map((file) => ({ file, content: text(`policies/${file}`) }));
  await call(key, 'POST', '/v1/policies/publications', { policies });
}

async function keyOf(admin: string, person: string, roles: string[]): Promise<string> {
  const { key } = await call<{ key: string }>(admin, 'POST', '/v1/keys', { name: person, person, roles });
  return key;
}

/** Kills every process of a container but its first, which then ends with them; the engine starts it again. */
async function kill(service: string): Promise<void> {
  const id = compose('ps', '--quiet', service).trim();
  const restarts = () =>
    Number(execFileSync('docker', ['inspect', '--format', '{{.RestartCount}}', id], quietly));
  const before = restarts();
  try {
    inside(service, 'sh', '-c', 'kill -9 -1');
  } catch {
    // Whoever kills all is killed with them.
  }
  await until(() => restarts() > before && isHealthy(service), `${service} was started again`);
}

const isHealthy = (service: string) => compose('ps', '--format', '{{.Health}}', service).trim() === 'healthy';

const reaches = (key: string, runId: string, status: string) =>
  until(async () => {
    const run = await call<Run>(key, 'GET', `/v1/runs/${runId}`);
    assert(run.status === status || run.endedAt === null, `the run ended as ${run.status}: ${run.text}`);
    return run.status === status;
  }, `the run is ${status}`);

async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + 120_000;
  while (!(await holds())) {
    assert(Date.now() < end, `two minutes passed before ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function call<Answer>(key: string, method: string, route: string, body?: unknown): Promise<Answer> {
  const response = await fetch(API + route, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = await response.text();
  assert(response.ok, `${method} ${route}: ${response.status} ${answer}`);
  return JSON.parse(answer) as Answer;
}

interface Run {
  status: string;
  text: string | null;
  endedAt: number | null;
  questions: { id: string; options: string[] }[];
}

interface History {
  history: { events: { workflowExecutionStartedEventAttributes: { input: { payloads: object[] } } }[] };
}

interface Decoded {
  payloads?: { data: string }[];
  code?: string;
}

interface Approval {
  id: string;
  runId: string;
  actionHash: string;
}

interface Approvals {
  approvals: Approval[];
}

const say = (what: string) => console.log(`ok  ${what}`);

main()
  .catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  })
  .finally(() => existsSync(repository) && rmSync(repository, { recursive: true }));
