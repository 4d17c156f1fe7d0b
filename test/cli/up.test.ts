import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RunEvent } from '../../src/domain/events';
import { sha256 } from '../../src/domain/hashing';
import { withClient } from '../../src/embedded/database-connection';
import { initRepository } from '../support/git-repository';
import { waitUntil } from '../support/wait-until';
import { BIN, type Ended, gatehouse, jsonOf, type StartedCommand, startCommand } from './gatehouse-command';

// One `up` for all tests here, in a folder whose path is too long for a socket.
const root = mkdtempSync(join(tmpdir(), 'gatehouse-up-'));
const dataDir = join(root, 'a-data-folder-with-a-name-so-long-that-no-unix-socket-fits-into-it'.repeat(2));
const repo = join(root, 'repo');
const env = { GATEHOUSE_DATA: dataDir };
let up: StartedCommand;

const say = (...args: string[]) => gatehouse(args, { env, cwd: root });
const sayJson = async <T>(...args: string[]) => {
  const ended = await say(...args, '--json');
  expect(ended).toMatchObject({ code: 0 });
  return jsonOf<T>(ended);
};

beforeAll(async () => {
  initRepository(repo, { 'README.md': 'hello\n', 'main.tf': 'resource "aws_s3_bucket" "logs" {}\n' });
  up = startCommand(['up', '--json'], { env });
  const hasEnded = up.ended.then(() => true);
  await Promise.race([hasEnded, waitUntil(() => up.output.stdout.includes('\n'), 'up is ready', 110_000)]);
  if (!up.output.stdout.includes('\n')) throw new Error(up.output.stderr);
}, 120_000);

afterAll(async () => {
  up.child.kill('SIGINT');
  await up.ended;
  rmSync(root, { recursive: true, force: true });
}, 30_000);

test('`up --json` prints one line with the addresses, and keeps its secrets to itself', async () => {
  const line = JSON.parse(up.output.stdout);
  expect(line).toEqual({
    temporal: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    namespace: 'default',
    temporalUi: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/$/),
    api: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/$/),
    console: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/console$/),
    keyFile: join(dataDir, 'api-key'),
  });
  expect(statSync(dataDir).mode & 0o777).toBe(0o700);
  for (const file of [
    'api-key',
    'stack.json',
    'postgres.runtime.password',
    'keys/grant.jwk',
    'keys/audit.jwk',
    'keys/runner.jwk',
    'keys/sandbox.jwk',
    'keys/payload-keys.json',
    'keys/api.jwk',
  ])
    expect(statSync(join(dataDir, file)).mode & 0o777).toBe(0o600);
  expect((await fetch(line.temporalUi)).status).toBe(200);
  const authorization = `Bearer ${readFileSync(line.keyFile, 'utf8').trim()}`;
  expect((await fetch(new URL('/v1/agents', line.api), { headers: { authorization } })).status).toBe(200);
  expect((await fetch(new URL('/v1/agents', line.api))).status).toBe(401);
});

test('the key is in the database by its hash only', async () => {
  const { databaseUrl } = JSON.parse(readFileSync(join(dataDir, 'stack.json'), 'utf8'));
  const key = readFileSync(join(dataDir, 'api-key'), 'utf8').trim();
  const { rows } = await withClient(databaseUrl, (client) =>
    client.query('SELECT hash, "organizationId" FROM "ApiKey"'),
  );
  expect(rows).toEqual([{ hash: sha256(key), organizationId: 'local' }]);
});

test('each worker has its plane’s variables and no others', () => {
  const shared = [
    'PATH',
    'TEMPORAL_ADDRESS',
    'TEMPORAL_NAMESPACE',
    'GATEHOUSE_LOG',
    'GATEHOUSE_PAYLOAD_KEYS',
  ];
  expect(variablesOf('control').sort()).toEqual(
    [
      ...shared,
      'DATABASE_URL',
      'GATEHOUSE_ARTIFACTS',
      'GATEHOUSE_ARTIFACT_ENDPOINT',
      'GATEHOUSE_AUDIT_KEY',
      'GATEHOUSE_API_PUBLIC_KEYS',
      'GATEHOUSE_BROKER',
      'GATEHOUSE_BROKER_CONFIG',
      'GATEHOUSE_CHANNEL',
      'GATEHOUSE_GRANT_KEY',
      'GATEHOUSE_PUBLIC_URL',
      'GATEHOUSE_RUNNER_PUBLIC_KEY',
      'GATEHOUSE_SANDBOX_PUBLIC_KEYS',
    ].sort(),
  );
  expect(variablesOf('runner').sort()).toEqual(
    [...shared, 'GATEHOUSE_ARTIFACT_ENDPOINT', 'GATEHOUSE_CHANNELS', 'GATEHOUSE_RUNNER_KEY'].sort(),
  );
  expect(variablesOf('api').sort()).toEqual(
    [
      ...shared,
      'DATABASE_URL',
      'GATEHOUSE_ARTIFACTS',
      'GATEHOUSE_API_HOST',
      'GATEHOUSE_API_KEY',
      'GATEHOUSE_API_PORT',
      'GATEHOUSE_LOCAL_REPOSITORIES',
      'GATEHOUSE_TEMPORAL_UI',
    ].sort(),
  );
  expect(variablesOf('sandbox').sort()).toEqual(
    [
      ...shared,
      'GATEHOUSE_ARTIFACT_ENDPOINT',
      'GATEHOUSE_BROKER',
      'GATEHOUSE_CHANNEL_SOCKET',
      'GATEHOUSE_FORGE',
      'GATEHOUSE_GRANT_PUBLIC_KEYS',
      'GATEHOUSE_HOST',
      'GATEHOUSE_RUNNER_PUBLIC_KEY',
      'GATEHOUSE_SANDBOX_KEY',
      'GATEHOUSE_WORKSPACES',
    ].sort(),
  );
});

test('the codec server decodes for who shows the key, and the Temporal UI knows where it is', async () => {
  const { codec, temporalUi } = JSON.parse(readFileSync(join(dataDir, 'stack.json'), 'utf8'));
  const decode = (headers: Record<string, string>) =>
    fetch(new URL('/decode', codec), { method: 'POST', body: '{}', headers });
  const key = readFileSync(join(dataDir, 'api-key'), 'utf8').trim();
  expect((await decode({})).status).toBe(401);
  expect(await (await decode({ Authorization: `Bearer ${key}` })).json()).toEqual({ payloads: [] });
  const settings = await (await fetch(new URL('/api/v1/settings', temporalUi))).json();
  expect(new URL(settings.Codec.Endpoint).href).toBe(codec);
  expect(variablesOf('codec').sort()).toEqual([
    'GATEHOUSE_CODEC_API',
    'GATEHOUSE_CODEC_PORT',
    'GATEHOUSE_LOG',
    'GATEHOUSE_PAYLOAD_KEYS',
    'GATEHOUSE_PUBLIC_URL',
    'GATEHOUSE_TEMPORAL_UI',
    'PATH',
  ]);
});

test('the channel’s socket has a short path in a folder of our own', () => {
  const { GATEHOUSE_CHANNEL_SOCKET: socket = '' } = environmentOf('sandbox');
  expect(Buffer.byteLength(socket)).toBeLessThan(100);
  expect(statSync(join(socket, '..')).mode & 0o777).toBe(0o700);
  expect(statSync(socket).isSocket()).toBe(true);
});

test('a second `up` on the same data names the first', async () => {
  const { code, stdout, stderr } = await say('up');
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain(`is in use by process ${up.child.pid}`);
});

test('the example agents are there', async () => {
  const agents = await sayJson<{ name: string; tier: string }[]>('agents', 'list');
  expect(agents).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ name: 'demo', tier: 'DRAFT' }),
      expect.objectContaining({ name: 'observer', tier: 'OBSERVE' }),
    ]),
  );
  expect((await say('agents', 'list')).stdout).toMatch(/^AGENT +TIER +MODEL +VERSION +SINCE\n/);
});

test.each([
  [['run', 'nobody', '--prompt', 'x'], /there is no agent `nobody`; there are .*`demo`/],
  [['run', 'demo', '--prompt', ' '], /a run needs a prompt/],
  [['run', 'demo', '--prompt', 'x', '--repo', 'missing'], /there is nothing at `.*\/missing`/],
  [['run', 'demo', '--prompt', 'x', '--repo', 'plain.txt'], /`.*plain\.txt` is a file/],
  [['run', 'demo', '--prompt', 'x', '--repo', '.'], /is not a git repository/],
  [
    ['run', './missing.yaml', '--prompt', 'x'],
    /missing\.yaml: there is no such file; an agent file was looked for here/,
  ],
  [['runs', '--status', 'sleeping'], /there is no status `sleeping`; there are QUEUED/],
  [['show', 'missing'], /there is no run `missing`/],
  [['approve', 'missing'], /there is no approval `missing`/],
  [['deny', 'missing', '--reason', 'x'], /there is no approval `missing`/],
  [['answer', 'missing', 'x'], /there is no question `missing`/],
  [['pause', 'missing'], /there is no run `missing`/],
  [['stop', 'missing'], /there is no run `missing`/],
])('%j is refused in one line', async (args, message) => {
  writeFileSync(join(root, 'plain.txt'), '');
  const { code, stdout, stderr } = await say(...args);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(message);
  expect(stderr.trim().split('\n')).toHaveLength(1);
});

test('a watched run shows verdicts with reasons, and ends with its status', async () => {
  const { code, stdout, stderr } = await say(
    'run',
    'observer',
    '--prompt',
    'look',
    '--repo',
    repo,
    '--watch',
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('/workflows/run-') });
  expect(stdout).toMatch(/gate +allow +read-file/);
  expect(stdout).toMatch(/gate +deny +write-file .*tier\/draft: effect `draft` needs tier DRAFT/);
  expect(stdout).toMatch(/\nCOMPLETED {2}\w+\n/);
});

describe('a run that asks and holds', () => {
  const agent = 'asker';
  let watched: StartedCommand;
  let runId = '';

  beforeAll(() => {
    writeFileSync(
      join(root, 'asker.yaml'),
      `name: ${agent}\ntier: DRAFT\nmodel: scripted:asker-script.yaml\nrequiresApproval: { prCreation: true }\n`,
    );
    writeFileSync(
      join(root, 'asker-script.yaml'),
      `turns:
  - calls:
      - { tool: ask-user, args: { question: "Shall I \\u001b[31mgo on?", options: ['yes', 'no'] } }
  - calls:
      - { tool: write-file, args: { path: NOTES.md, content: "seen\\n" } }
      - { tool: validate, args: {} }
      - { tool: git-commit, args: { message: notes } }
      - { tool: git-push, args: {} }
  - calls:
      - { tool: create-pr, args: { title: Notes, body: seen } }
  - say: The pull request came out as it did.
`,
    );
  });

  const lines = () =>
    watched.output.stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  const eventOf = async <Type extends RunEvent['type']>(type: Type, matches: (event: never) => boolean) => {
    const find = () => lines().find((line) => line.type === type && matches(line as never));
    await waitUntil(() => find() !== undefined, `a ${type}`, 30_000);
    return find() as Extract<RunEvent, { type: Type }>;
  };

  test('`--watch --json` begins with the ids, and an agent file is applied first', async () => {
    watched = startCommand(
      ['run', './asker.yaml', '--prompt', 'take notes', '--repo', repo, '--watch', '--json'],
      { env, cwd: root },
    );
    await waitUntil(() => watched.output.stdout.includes('\n'), 'the ids', 20_000);
    runId = lines()[0].runId;
    expect(lines()[0]).toEqual({ runId: expect.stringMatching(/^[a-z0-9]+$/), workflowId: `run-${runId}` });
  }, 30_000);

  test('its question is answered once, by somebody', async () => {
    const { questionId } = (await eventOf('question', () => true)).data;
    await waitUntil(
      async () => (await say('show', runId, '--json')).stdout.includes('"WAITING_INPUT"'),
      'it waits',
    );
    const shown = await say('show', runId);
    expect(shown.stdout).toContain('Shall I \\u{1b}[31mgo on?');
    expect(shown.stdout).not.toContain('\u001b[31m');
    expect(await sayJson('answer', questionId, 'yes')).toEqual({ questionId, runId, status: 'answered' });
    const again = await say('answer', questionId, 'no');
    expect(again).toMatchObject({
      code: 1,
      stderr: `error: question \`${questionId}\` is settled already: answered by \`tester\`\n`,
    });
  }, 40_000);

  test('its approval shows what will run, and is given once; the sandbox may die meanwhile', async () => {
    const { approvalId } = (
      await eventOf('approval', ({ data }: { data: { outcome: string } }) => data.outcome === 'pending')
    ).data;
    process.kill(pidOf('sandbox'), 'SIGKILL');
    const { stdout } = await say('runs', '--status', 'waiting-approval');
    expect(stdout).toMatch(new RegExp(`^${runId} +WAITING_APPROVAL +${agent} `, 'm'));
    expect(stdout).toMatch(new RegExp(`^${runId} +create-pr +gatehouse approve ${approvalId}$`, 'm'));
    expect(await say('deny', approvalId, '--reason', ' ')).toMatchObject({
      code: 1,
      stderr: 'error: a denial needs a reason; the model is told it\n',
    });
    expect(await sayJson('approve', approvalId)).toEqual({ approvalId, runId, status: 'approved' });
    const twice = await say('deny', approvalId, '--reason', 'second thoughts');
    expect(twice).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        `error: approval \`${approvalId}\` is settled already: approved by \`tester\` at `,
      ),
    });
  }, 40_000);

  test('it ends with its last status as the last line, and exit code 0', async () => {
    const { code } = await watched.ended;
    expect({ code, last: lines().at(-1) }).toEqual({
      code: 0,
      last: { runId, status: 'COMPLETED', text: 'The pull request came out as it did.' },
    });
    expect(up.output.stderr).toMatch(/`gatehouse-sandbox` ended by signal SIGKILL.*starting it again/);
    expect(up.output.stderr).toContain('`gatehouse-sandbox` is back');
  }, 60_000);

  test('`show --json` holds events, decisions and use', async () => {
    const view = await sayJson<Record<string, unknown> & { decisions: { tool: string }[] }>('show', runId);
    expect(view).toMatchObject({ runId, agent, status: 'COMPLETED', isCurrent: true, usage: { turns: 4 } });
    expect(view.decisions.map(({ tool }) => tool)).toEqual(
      expect.arrayContaining(['ask-user', 'write-file', 'git-push', 'create-pr']),
    );
  });

  test.each(['pause', 'resume', 'stop'])('to %s it comes too late', async (what) => {
    const { code, stderr } = await say(what, runId);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `error: run \`${runId}\` has ended already: COMPLETED\n`,
    });
  });
});

test('a run is paused, resumed and stopped', async () => {
  const { runId } = await sayJson<{ runId: string }>(
    'run',
    './asker.yaml',
    '--prompt',
    'wait',
    '--repo',
    repo,
  );
  const isIn = (status: string) =>
    waitUntil(async () => (await statusOf(runId)) === status, `the run is ${status}`, 30_000);
  await isIn('WAITING_INPUT');
  await sayJson('pause', runId, '--reason', 'lunch');
  await isIn('PAUSED');
  expect((await say('show', runId)).stdout).toContain('lunch');
  await sayJson('resume', runId);
  await isIn('WAITING_INPUT');
  await sayJson('stop', runId);
  await isIn('CANCELLED');
}, 120_000);

test('the same key starts one run', async () => {
  const start = (prompt: string) =>
    say('run', 'observer', '--prompt', prompt, '--repo', repo, '--key', 'once', '--json');
  const [first, second] = [await start('look'), await start('look')];
  expect(jsonOf(second)).toEqual(jsonOf(first));
  expect(second.stderr).toContain('it was not started again');
  expect(await start('something else')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('another input'),
  });
});

test('a long result reaches a slow reader whole, and a reader that leaves early is no mistake', async () => {
  const agent = join(root, 'wordy.yaml');
  writeFileSync(agent, `name: wordy\ntier: OBSERVE\nsystemPrompt: ${'x'.repeat(400_000)}\n`);
  await sayJson('agents', 'apply', agent);
  const command = `"${process.execPath}" "${BIN}" agents list --json`;
  const shell = (line: string) =>
    promisify(execFile)('sh', ['-c', line], { env: { ...process.env, ...env }, maxBuffer: 10_000_000 });
  const slow = await shell(`${command} | { sleep 1; cat; }`);
  expect(JSON.parse(slow.stdout)).toContainEqual(expect.objectContaining({ name: 'wordy' }));
  const early = await shell(`{ ${command}; echo "exit code $?" >&2; } | head -c 5`);
  expect(early).toMatchObject({ stdout: '[{"na', stderr: 'exit code 0\n' });
});

test('`doctor` finds the stack and each worker', async () => {
  const { isHealthy, checks } = await sayJson<{
    isHealthy: boolean;
    checks: { name: string; state: string }[];
  }>('doctor');
  expect(isHealthy).toBe(true);
  expect(checks.slice(-6).map(({ name, state }) => `${name} ${state}`)).toEqual([
    'database ok',
    'temporal server ok',
    'worker control ok',
    'worker runner ok',
    'worker sandbox ok',
    'worker notifications ok',
  ]);
});

test('`up` that starts while runs are halted says so, and how to end it', async () => {
  await say('pause', '--all', '--reason', 'a change freeze', '--by', 'olga');
  up.child.kill('SIGINT');
  await up.ended;

  up = startCommand(['up', '--json'], { env });
  await waitUntil(() => up.output.stdout.includes('\n'), 'up is ready again', 110_000);
  expect(up.output.stderr).toContain(
    'the organization is paused by olga: a change freeze; `gatehouse resume --all` ends that',
  );
  expect(await sayJson('resume', '--all', '--by', 'olga')).toMatchObject({ halt: 'none', isChanged: true });
}, 240_000);

test('Ctrl-C stops everything in order, with exit code 0', async () => {
  const workers = ['control', 'runner', 'sandbox', 'codec'].map(pidOf);
  up.child.kill('SIGINT');
  const ended: Ended = await up.ended;
  expect(ended).toMatchObject({ code: 0, stderr: expect.stringMatching(/stopping\n$/) });
  expect(workers.filter(isRunning)).toEqual([]);
  expect(readdirSync(dataDir)).not.toEqual(expect.arrayContaining(['stack.json']));
  expect(await say('runs')).toMatchObject({ code: 1, stderr: expect.stringContaining('nothing runs') });
}, 40_000);

async function statusOf(runId: string): Promise<string> {
  return (await sayJson<{ status: string }>('show', runId)).status;
}

function pidOf(plane: string): number {
  return JSON.parse(readFileSync(join(dataDir, `run/gatehouse-${plane}.json`), 'utf8')).pid;
}

function environmentOf(plane: string): Record<string, string> {
  const text = readFileSync(`/proc/${pidOf(plane)}/environ`, 'utf8');
  return Object.fromEntries(
    text
      .split('\0')
      .filter(Boolean)
      .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  );
}

/** Without what a shell adds. */
function variablesOf(plane: string): string[] {
  return Object.keys(environmentOf(plane)).filter((name) => !['_', 'PWD', 'OLDPWD', 'SHLVL'].includes(name));
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
