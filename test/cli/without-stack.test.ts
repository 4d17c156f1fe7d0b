import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gatehouse, jsonOf } from './gatehouse-command';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-cli-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  [['runs']],
  [['show', 'abc']],
  [['run', 'demo', '--prompt', 'x']],
  [['approve', 'apr-1']],
  [['answer', 'que-1', 'yes']],
  [['stop', 'abc']],
  [['agents', 'list']],
])('%j without a stack says to start one, and makes no folder', async (args) => {
  const { code, stdout, stderr } = await gatehouse(args, { cwd: folder });
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^error: nothing runs on the data folder .*start `gatehouse up`/);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(existsSync(join(folder, '.gatehouse'))).toBe(false);
});

test('with `--json` a refusal is an object on stderr', async () => {
  const { code, stdout, stderr } = await gatehouse(['runs', '--json'], { cwd: folder });
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(JSON.parse(stderr)).toEqual({ error: { code: 'stack-not-running', message: expect.any(String) } });
});

test('what a killed `up` left behind is no stack', async () => {
  const left = {
    pid: process.pid,
    identity: 'of another time',
    temporal: '127.0.0.1:1',
    namespace: 'default',
    temporalUi: null,
    databaseUrl: 'postgresql://a:b@127.0.0.1:1/c',
    organization: 'local',
    keyFile: '/none',
    artifacts: '/none',
  };
  writeFileSync(join(folder, 'stack.json'), JSON.stringify(left));
  const { code, stderr } = await gatehouse(['runs'], { env: { GATEHOUSE_DATA: folder } });
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('nothing runs') });
});

test('half a stack in the environment names what is missing', async () => {
  const { code, stderr } = await gatehouse(['runs'], {
    cwd: folder,
    env: { TEMPORAL_ADDRESS: '127.0.0.1:7233' },
  });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^error: `DATABASE_URL` is not set/);
});

test.each([
  [['stop', '--all'], 'say with `--reason` why many runs are halted'],
  [
    ['run', 'demo', '--prompt', 'x', '--repo', ' '],
    '`--repo` names nothing; leave it out to work without one',
  ],
])('%j is bad usage', async (args, message) => {
  const env = { TEMPORAL_ADDRESS: '127.0.0.1:1', DATABASE_URL: 'postgresql://127.0.0.1:1/gatehouse' };
  const { code, stderr } = await gatehouse(args, { cwd: folder, env });
  expect({ code, stderr }).toEqual({ code: 2, stderr: `error: ${message}\n` });
});

test('a dead database is told within seconds, without its password', async () => {
  const { code, stderr } = await gatehouse(['runs'], {
    cwd: folder,
    env: { TEMPORAL_ADDRESS: '127.0.0.1:1', DATABASE_URL: 'postgresql://user:hidden@127.0.0.1:1/gatehouse' },
  });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^error: the database at `127\.0\.0\.1:1\/gatehouse` does not answer/);
  expect(stderr).not.toContain('hidden');
}, 15_000);

test('`--debug` shows where an error came from', async () => {
  const { stderr } = await gatehouse(['runs', '--debug'], { cwd: folder });
  expect(stderr).toMatch(/^\s+at /m);
});

test('`init` writes a starter whose agent is well formed, and overwrites nothing', async () => {
  const first = await gatehouse(['init', '--json'], { cwd: folder });
  expect(first.code).toBe(0);
  const { files } = jsonOf<{ files: string[] }>(first);
  expect(files).toEqual(['agents/my-agent.yaml', 'models/my-agent.yaml', 'policies/small-changes.md']);

  const checked = await gatehouse(['agents', 'check', 'agents/my-agent.yaml', '--json'], { cwd: folder });
  expect(checked.code).toBe(0);
  expect(jsonOf(checked)).toEqual({ file: 'agents/my-agent.yaml', agent: 'my-agent', tier: 'DRAFT' });

  writeFileSync(join(folder, 'models/my-agent.yaml'), 'mine');
  rmSync(join(folder, 'agents/my-agent.yaml'));
  const again = await gatehouse(['init'], { cwd: folder });
  expect(again.code).toBe(1);
  expect(again.stderr).toMatch(/`models\/my-agent\.yaml`, `policies\/small-changes\.md` are there already/);
  expect(readFileSync(join(folder, 'models/my-agent.yaml'), 'utf8')).toBe('mine');
  expect(existsSync(join(folder, 'agents/my-agent.yaml'))).toBe(false);
});

test('`agents check` names file and line of every problem', async () => {
  writeFileSync(join(folder, 'bad.yaml'), 'name: bad\ntier: KING\nbudget:\n  maxTurns: none\nfrob: 1\n');
  const { code, stdout, stderr } = await gatehouse(['agents', 'check', 'bad.yaml'], { cwd: folder });
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  for (const place of [
    'bad.yaml:2: `tier`',
    'bad.yaml:4: `budget.maxTurns`',
    'bad.yaml:5: unknown key `frob`',
  ])
    expect(stderr).toContain(place);
});

test('`agents check` reads the script of a scripted model', async () => {
  writeFileSync(join(folder, 'agent.yaml'), 'name: scripted\ntier: OBSERVE\nmodel: scripted:script.yaml\n');
  const missing = await gatehouse(['agents', 'check', 'agent.yaml'], { cwd: folder });
  expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('script.yaml') });
  writeFileSync(join(folder, 'script.yaml'), 'turns:\n  - says: typo\n');
  const malformed = await gatehouse(['agents', 'check', 'agent.yaml'], { cwd: folder });
  expect(malformed).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/script `script\.yaml`, line 2/),
  });
});

test('`doctor` finds what is installed, and that nothing runs', async () => {
  const ended = await gatehouse(['doctor', '--json'], { cwd: folder });
  const { isHealthy, checks } = jsonOf<{ isHealthy: boolean; checks: { name: string; state: string }[] }>(
    ended,
  );
  expect({ code: ended.code, isHealthy }).toEqual({ code: 0, isHealthy: true });
  expect(checks.map(({ name, state }) => `${name} ${state}`)).toEqual(
    expect.arrayContaining(['node ok', 'git ok', 'bwrap ok', 'postgresql ok', 'stack off']),
  );
});

test('`doctor` names a program that is missing and how to get it', async () => {
  const { code, stdout } = await gatehouse(['doctor'], { cwd: folder, env: { PATH: '/nowhere' } });
  expect(code).toBe(1);
  expect(stdout).toMatch(/^rg +problem +missing; needed for searching.*install ripgrep/m);
});

test('`up` on a Temporal that is not there says so and leaves nothing running', async () => {
  // A port that is surely closed: it was ours a moment ago.
  const port = await new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = server.address() as { port: number };
      server.close(() => resolve(free));
    });
  });
  const { code, stdout, stderr } = await gatehouse(['up'], {
    env: {
      GATEHOUSE_DATA: folder,
      TEMPORAL_ADDRESS: `127.0.0.1:${port}`,
      DATABASE_URL: `postgresql://u:p@127.0.0.1:${port}/db`,
    },
  });
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^error: the database at .* cannot be used \(nothing listens there\)/m);
  expect(existsSync(join(folder, 'lock.json'))).toBe(false);
}, 30_000);

test('a demo on what is no repository is refused before anything is started', async () => {
  const ended = await gatehouse(['demo', '--yes', '--repo', 'nowhere'], { cwd: folder });
  expect(ended).toMatchObject({
    code: 1,
    stderr: `error: there is nothing at \`${join(folder, 'nowhere')}\`; name the folder of a git repository\n`,
  });
  expect(existsSync(join(folder, '.gatehouse'))).toBe(false);
});
