/**
 * Whether the stack of docker-compose.yml, up on this machine's engine, keeps what it promises: who reaches the database,
 * a run from its prompt to its pull request, and that run while its processes are killed. Started by
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
const OURS = ['control', 'api', 'runner', 'sandbox'];
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
  const run = { agent: 'demo', prompt: 'Fix the encryption finding.', repo: `/repositories/${organization}` };
  const { runId } = await call<{ runId: string }>(admin, 'POST', '/v1/runs', run);
  await reaches(admin, runId, 'WAITING_INPUT');
  say('the demo agent read its repository and asked a question');

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

  for (const service of ['control', 'api', 'sandbox']) await kill(service);
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
  say('control and API reach PostgreSQL; runner and sandbox do not, by name or address');
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
