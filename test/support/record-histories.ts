/**
 * Records the histories that `npm run test:replay` replays: `npm run test:record`, into `test/histories`; with names,
 * `npm run test:record -- topped-up`, only these. Needed when a change of `workflows/` adds a way a run can go, or is
 * meant to change the order of its steps; a re-recorded history has its own commit.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openCommands } from '../../src/commands/commands';
import { breakGlassWorkflowId } from '../../src/domain/break-glass';
import { DEFAULT_PEOPLE_SETTINGS, type PeopleSettings } from '../../src/domain/people-settings';
import { createHaltStore } from '../../src/store/halt-store';
import { haltChanged, policyChanged } from '../../workflows/messages';
import { type Harness, startHarness } from './run-harness';
import { type SandboxHost, sandboxHost } from './sandbox-process';
import { call, DEPLOY_TOOL } from './scripted-agent';
import { hostSharedServers } from './shared-servers';
import { decisionOn, type HistoryEvent, type TestRun } from './test-run';
import { waitUntil } from './wait-until';

const FOLDER = join(__dirname, '../histories');
/** A path that is nobody's. */
const REPOSITORY = '/tmp/gatehouse-example/repository';
/** Larger histories are compressed. */
const MAX_PLAIN_BYTES = 150_000;

/** One run: how it is set up and what people do. Its first execution is recorded, or both. */
interface Recording {
  name: string;
  agent: Parameters<Harness['agent']>;
  prepare?(gatehouse: Harness): Promise<unknown>;
  act?(run: TestRun, gatehouse: Harness): Promise<unknown>;
  executions?: 'first' | 'both';
}

const deploy = { calls: [call('deploy', { to: 'production' })] };
const read = { calls: [call('read-file', { path: 'main.tf' })] };
const production = { tier: 'PROD_GATED', tools: [DEPLOY_TOOL] };
const large = { calls: Array.from({ length: 30 }, () => call('read-file', { path: 'large.txt' })) };
const generous = { maxToolCalls: 400, maxTokens: 100_000_000 };

const recordings: Recording[] = [
  { name: 'approved', agent: [production, [read, deploy, { say: 'done' }]], act: (run) => run.approveNext() },
  {
    name: 'approved-with-its-gate',
    agent: [
      production,
      [{ calls: [...deploy.calls, call('deploy', { to: 'staging' }), ...read.calls] }, { say: 'done' }],
    ],
    async act(run) {
      await waitUntil(async () => (await run.approvals()).length === 2, 'both are shown');
      const [first, second] = await run.approvals();
      // What the run waits for is gated with its decision, the other one is not.
      await run.decide(decisionOn(second!, 'approve', { by: 'alice' }));
      await run.decide(decisionOn(first!, 'approve', { by: 'alice' }));
    },
  },
  {
    name: 'started-a-run',
    agent: [{}, [{ calls: [call('start-run', { agent: 'helper', prompt: 'Help.' })] }, { say: 'done' }]],
    async act(run, gatehouse) {
      await run.approvals();
      await gatehouse.agent({ name: 'helper', tier: 'OBSERVE' }, [{ say: 'helped' }]);
      await run.approveNext();
    },
  },
  { name: 'denied', agent: [production, [deploy, { say: 'done' }]], act: (run) => run.denyNext('not today') },
  {
    name: 'denied-and-gated-again',
    agent: [
      production,
      [
        { calls: [...deploy.calls, call('write-file', { path: 'new.txt', content: 'new' }), ...read.calls] },
        { say: 'done' },
      ],
    ],
    act: (run) => run.denyNext('not today'),
  },
  {
    name: 'edited',
    agent: [production, [deploy, { say: 'done' }]],
    async act(run) {
      const [first] = await run.approvals();
      await run.decide(decisionOn(first!, 'approve', { by: 'alice', args: { to: 'staging' } }));
      await waitUntil(async () => (await run.approvals())[0]!.id !== first!.id, 'the edited call is shown');
      await run.approveNext();
    },
  },
  {
    name: 'question',
    agent: [{}, [{ calls: [call('ask-user', { question: 'Which?' })] }, { say: 'done' }]],
    async act(run) {
      const { id: questionId } = await run.question();
      await run.handle.signal('pause', { by: 'olga', reason: 'maintenance' });
      await run.reaches('PAUSED');
      await run.handle.signal('resume', { by: 'olga', reason: 'done' });
      await run.reaches('WAITING_INPUT');
      await run.handle.signal('answer', { questionId, answer: 'this', by: 'alice' });
    },
  },
  {
    name: 'program-question',
    agent: [
      { tier: 'SANDBOX' },
      [
        { calls: [call('run-command', { command: 'ask-user First?; timeout 1 ask-user Second?' })] },
        { say: 'done' },
      ],
    ],
    act: (run) => run.answerNext('one'),
  },
  {
    name: 'budget-exceeded',
    agent: [{ budget: { maxTurns: 2 } }, [read, read, { say: 'never' }]],
  },
  {
    name: 'cancelled',
    agent: [production, [deploy, { say: 'never' }]],
    async act(run) {
      await run.approvals();
      await run.handle.cancel();
    },
  },
  { name: 'failed', agent: [{}, [read, { expect: { contains: 'nothing like it' }, say: 'never' }]] },
  {
    name: 'continue-as-new',
    agent: [{ budget: generous }, [large, large, large, { say: 'done' }]],
    executions: 'both',
  },
];

const waiting = { tier: 'SANDBOX', onBudget: 'topUp', budget: { maxTurns: 2 } };
const clean = { calls: [call('run-command', { command: 'rm -rf build' })] };
recordings.push({
  name: 'topped-up',
  agent: [waiting, [clean, clean, { say: 'done' }]],
  async act(run) {
    const [first] = await run.approvals();
    await run.decide(decisionOn(first!, 'approve', { by: 'alice', scope: 'run' }));
    await waitUntil(async () => (await run.approvals())[0]!.id !== first!.id, 'the limit is reached');
    await run.approveNext();
  },
});

recordings.push({
  name: 'halted',
  agent: [production, [deploy, { say: 'done' }]],
  async act(run, gatehouse) {
    const halts = createHaltStore(gatehouse.database);
    const halt = async (asked: Parameters<typeof halts.setAgent>[2]) => {
      await halts.setAgent('local', 'halted', asked);
      await run.handle.signal(haltChanged);
    };
    await run.approvals();
    await halt({ halt: 'paused', by: 'olga', reason: 'maintenance' });
    await run.reaches('PAUSED');
    await halt({ halt: 'none', by: 'olga', reason: 'done' });
    await run.reaches('WAITING_APPROVAL');
    await halt({ halt: 'stopped', by: 'olga', reason: 'odd deploys' });
    await run.handle.cancel();
  },
});

let hosts: SandboxHost[] = [];

/** Where the run's branch will be, in the forge's one repository. */
function branchOnForge({ folder }: Harness, runId: string): string {
  const forge = join(folder, 'forge');
  const [key = ''] = readdirSync(forge);
  return join(forge, key, 'repo.git/refs/heads/gatehouse', runId);
}

const noted = (path: string) => ({ calls: [call('write-file', { path, content: 'noted' })] });
recordings.push({
  name: 'lost-host',
  agent: [
    {},
    [
      noted('one.txt'),
      { calls: [call('ask-user', { question: 'Go on?' })] },
      noted('two.txt'),
      { say: 'done' },
    ],
  ],
  async act(run, gatehouse) {
    await run.question();
    await gatehouse.restart('sandbox', {
      GATEHOUSE_HOST: 'another',
      GATEHOUSE_WORKSPACES: join(gatehouse.folder, 'another'),
    });
    await run.answerNext('yes');
    await run.outcome();
    await gatehouse.restart('sandbox');
  },
});

/** With a pass to the run's artifacts for each who works for it; the second execution asks for its own. */
recordings.push({
  name: 'passes',
  agent: [{ budget: generous }, [noted('one.txt'), large, large, large, { say: 'done' }]],
  executions: 'both',
});

/** The host ends with the push done and nobody told; another one finds it. */
recordings.push({
  name: 'probed-after-loss',
  agent: [
    {},
    [
      noted('one.txt'),
      { calls: [call('git-commit', { message: 'noted' })] },
      { calls: [call('ask-user', { question: 'Go on?' })] },
      { calls: [call('git-push', {})] },
      { say: 'done' },
    ],
  ],
  async prepare(gatehouse) {
    await gatehouse.stop('sandbox');
    hosts = ['one', 'two'].map((name) => sandboxHost(gatehouse, name));
    const publicKeys = hosts.map(({ publicKey }) => publicKey).join(',');
    await gatehouse.restart('control', { GATEHOUSE_SANDBOX_PUBLIC_KEYS: publicKeys });
    await hosts[0]!.start();
  },
  async act(run, gatehouse) {
    await run.question();
    await hosts[1]!.start();
    const killed = hosts[0]!.killOnce(branchOnForge(gatehouse, run.runId));
    await run.answerNext('yes');
    await killed;
    await run.outcome();
    for (const host of hosts) await host.kill();
    await gatehouse.restart('control');
    await gatehouse.restart('sandbox');
  },
});

recordings.push({
  name: 'stopped-while-executing',
  agent: [
    { tier: 'SANDBOX' },
    [
      noted('one.txt'),
      { calls: [call('run-command', { command: 'touch started; sleep 60' })] },
      { say: 'never' },
    ],
  ],
  async act(run) {
    await run.turns(2);
    await run.pendingActivity('executeTool');
    await run.handle.cancel();
  },
});

recordings.push({
  name: 'stopped-at-its-end',
  agent: [{}, [noted('one.txt'), { calls: [call('ask-user', { question: 'Enough?' })] }, { say: 'done' }]],
  async act(run, gatehouse) {
    await run.question();
    await gatehouse.stop('sandbox');
    await run.answerNext('yes');
    await run.pendingActivity('discard');
    await run.handle.cancel();
    await run.outcome();
    await gatehouse.restart('sandbox');
  },
});

/** No signal says that the agent is paused: the gate finds it so. */
recordings.push({
  name: 'halt-found-by-gate',
  agent: [{}, [{ calls: [call('ask-user', { question: 'Go on?' })] }, read, { say: 'done' }]],
  async act(run, gatehouse) {
    const halts = createHaltStore(gatehouse.database);
    await run.question();
    await halts.setAgent('local', 'halt-found-by-gate', {
      halt: 'paused',
      by: 'olga',
      reason: 'maintenance',
    });
    await run.answerNext('yes');
    await run.reaches('PAUSED');
    await halts.setAgent('local', 'halt-found-by-gate', { halt: 'none', by: 'olga', reason: 'done' });
    await run.handle.signal(haltChanged);
  },
});

recordings.push({
  name: 'decided-behind-a-question',
  agent: [
    production,
    [{ calls: [call('ask-user', { question: 'Go on?' }), ...deploy.calls] }, { say: 'done' }],
  ],
  async act(run) {
    await run.approvals();
    await run.handle.signal(policyChanged);
    await run.signalsSeen(1);
    await run.answerNext('yes');
    await run.approveNext();
  },
});

/** In an organization with short times. */
const prompted: Recording = {
  name: 'reminded-and-escalated',
  agent: [production, [deploy, { say: 'done' }]],
  async act(run) {
    await run.approvals();
    await run.handle.signal('pause', { by: 'olga', reason: 'maintenance' });
    await run.reaches('PAUSED');
    await run.handle.signal('resume', { by: 'olga', reason: 'done' });
    await waitUntil(
      async () => (await run.approvals())[0]!.progress?.escalatedTo === 'lead',
      'people are told twice',
    );
    await run.approveNext();
  },
};

const expired: Recording = { name: 'expired', agent: [production, [deploy, { say: 'done' }]] };

async function main(): Promise<void> {
  const servers = await hostSharedServers();
  process.env.GATEHOUSE_TEST_STACK = servers.socketPath;
  try {
    mkdirSync(FOLDER, { recursive: true });
    const names = process.argv.slice(2);
    const wanted = (all: Recording[]) => all.filter(({ name }) => names.length === 0 || names.includes(name));
    if (names.length === 0) for (const name of readdirSync(FOLDER)) rmSync(join(FOLDER, name));
    await record(wanted(recordings), {});
    await record(
      wanted([prompted]),
      {},
      { remindAfterMs: [300], escalation: { afterMs: 600, role: 'lead' } },
    );
    await record(wanted([expired]), { waitForPeopleMs: 500 });
    if (names.length === 0 || names.includes('break-glass')) await recordBreakGlass();
  } finally {
    await servers.stop();
  }
}

async function record(
  all: Recording[],
  options: { waitForPeopleMs?: number },
  people: Partial<PeopleSettings> = {},
): Promise<void> {
  if (all.length === 0) return;
  const gatehouse = await startHarness({ ...options, repository: REPOSITORY, host: 'example' });
  try {
    await gatehouse.organizations.setPeople('local', { ...DEFAULT_PEOPLE_SETTINGS, ...people }, 'recorder');
    for (const { name, agent, prepare, act, executions } of all) {
      const [definition, turns] = agent;
      await prepare?.(gatehouse);
      const stored = await gatehouse.agent({ name, ...definition }, turns);
      const run = await gatehouse.start({ agent: stored, runId: name });
      await act?.(run, gatehouse);
      const outcome = await run.outcome();
      console.log(`${name}: ${outcome.status} ${outcome.text}`);
      save(name, await run.history(run.firstExecution));
      if (executions === 'both') save(`${name}-second`, await run.history());
    }
  } finally {
    await gatehouse.close();
  }
}

/** Asked for, confirmed and ended: a workflow of its own. */
async function recordBreakGlass(): Promise<void> {
  const gatehouse = await startHarness({ repository: REPOSITORY, host: 'example' });
  const { commands, close } = await openCommands({
    temporal: gatehouse.temporalAddress,
    namespace: gatehouse.namespace,
    databaseUrl: gatehouse.databaseUrl,
    organization: 'local',
  });
  try {
    const asked = { by: 'rita', reason: 'the shop is down', scope: { kind: 'organization' } } as const;
    const { id } = await commands.requestBreakGlass(asked);
    await commands.confirmBreakGlass({ id, by: 'olga' });
    await commands.endBreakGlass({ id, by: 'olga' });
    const handle = gatehouse.client.workflow.getHandle(breakGlassWorkflowId(id));
    await handle.result();
    const { events } = await handle.fetchHistory();
    save('break-glass', (events ?? []) as HistoryEvent[]);
    console.log(`break-glass: ${id}`);
  } finally {
    await close();
    await gatehouse.close();
  }
}

function save(name: string, events: HistoryEvent[]): void {
  const text = `${JSON.stringify({ events: events.map((event) => neutral(plain(event))) }, null, 1)}\n`;
  if (text.length > MAX_PLAIN_BYTES)
    writeFileSync(join(FOLDER, `${name}.json.gz`), gzipSync(text, { level: 9 }));
  else writeFileSync(join(FOLDER, `${name}.json`), text);
}

/** As protobuf writes it: enumerations by name, bytes in base64. */
function plain({ type: _, ...event }: HistoryEvent): unknown {
  return JSON.parse(JSON.stringify(event));
}

/** Without what only says on which machine it was recorded. */
function neutral(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(neutral);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'stackTrace')
      .map(([key, each]) => [key, key === 'identity' ? 'recorder' : neutral(each)]),
  );
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
