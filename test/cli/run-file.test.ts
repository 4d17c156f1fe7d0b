import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Commands, openCommands } from '../../src/commands/commands';
import { openDatabase } from '../../src/store/database';
import { migrate } from '../../src/store/migrate';
import { createOrganizationStore } from '../../src/store/organization-store';
import { createTestDatabase, createTestNamespace, type TestDatabase } from '../support/stack';
import { said } from './in-process';

// Servers but no worker: `run FILE` stores the agent and starts the run, or does neither.
let database: TestDatabase;
let home: string;
let file: string;
let environment: Record<string, string>;
let commands: Commands;
let close: () => Promise<void>;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'gatehouse-run-file-'));
  const { temporalAddress: temporal, namespace } = await createTestNamespace();
  database = await createTestDatabase();
  await migrate(database.url);
  const opened = openDatabase(database.url);
  await createOrganizationStore(opened).ensureLocal();
  await opened.close();
  const address = { temporal, namespace, databaseUrl: database.url, organization: 'local' };
  ({ commands, close } = await openCommands(address));
  environment = {
    TEMPORAL_ADDRESS: temporal,
    TEMPORAL_NAMESPACE: namespace,
    DATABASE_URL: database.url,
    GATEHOUSE_DATA: home,
  };
  file = join(home, 'agent.yaml');
  writeAgent('Looks around.');
});
afterAll(async () => {
  await close?.();
  await database?.drop();
  rmSync(home, { recursive: true, force: true });
});

const writeAgent = (systemPrompt: string) =>
  writeFileSync(file, `name: filed\ntier: OBSERVE\nmodel: anthropic:none\nsystemPrompt: ${systemPrompt}\n`);
const run = (...options: string[]) => said(['run', file, ...options], environment);
const versions = async () =>
  (await commands.listAgents()).map(({ definition, version }) => `${definition.name} ${version}`);

test.each([
  ['a repository that is not there', ['--prompt', 'Look.', '--repo', '/nowhere/at/all'], 'nowhere'],
  ['a repository that is no repository', ['--prompt', 'Look.', '--repo', tmpdir()], 'repository'],
  ['no words', ['--prompt', ' \n '], 'needs a prompt'],
  ['more than a run takes', ['--prompt', 'x'.repeat(1_000_001)], 'are over 1000000 bytes'],
])('a run with %s stores no agent either', async (_what, options, says) => {
  const { code, stdout, stderr } = await run(...options);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain(says);
  expect(await versions()).toEqual([]);
});

test('what can start stores its agent and starts; a key that is another run’s stores nothing more', async () => {
  const started = await run('--prompt', 'Look.', '--key', 'once');
  expect(started).toMatchObject({ code: 0, stdout: expect.stringMatching(/^[0-9a-f]{32}\n$/) });
  expect(await versions()).toEqual(['filed 1']);
  writeAgent('Looks around twice.');
  const refused = await run('--prompt', 'Look elsewhere.', '--key', 'once');
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('with another input')]);
  expect(await versions()).toEqual(['filed 1']);
  expect(await run('--prompt', 'Look.', '--key', 'another')).toMatchObject({ code: 0 });
  expect(await versions()).toEqual(['filed 2']);
});

test('while its agent is stopped, nothing of a file is stored', async () => {
  await commands.haltAgent({ agent: 'filed', halt: 'stopped', by: 'olga', reason: 'wrong' });
  writeAgent('Looks around thrice.');
  const refused = await run('--prompt', 'Look.');
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('no run may start')]);
  expect(await versions()).toEqual(['filed 2']);
});
