import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadOrMakeKey, publicJwk } from '../../src/broker/keys';
import { type Commands, openCommands, type StackAddress } from '../../src/commands/commands';
import { openDatabase } from '../../src/store/database';
import { migrate } from '../../src/store/migrate';
import { createOrganizationStore } from '../../src/store/organization-store';
import { createTestDatabase, createTestNamespace, type TestDatabase } from '../support/stack';

let database: TestDatabase;
let address: StackAddress;
let folder: string;
let opened: Awaited<ReturnType<typeof openCommands>>;
let commands: Commands;

beforeAll(async () => {
  const { temporalAddress: temporal, namespace } = await createTestNamespace();
  database = await createTestDatabase();
  address = { temporal, namespace, databaseUrl: database.url, organization: 'local' };
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-people-'));
  await migrate(database.url);
  const store = openDatabase(database.url);
  await createOrganizationStore(store).ensureLocal();
  await store.close();
  opened = await openCommands(address);
  ({ commands } = opened);
});

afterAll(async () => {
  await opened?.close();
  await database?.drop();
  rmSync(folder, { recursive: true, force: true });
});

/** Kinds and bodies of the organization's audit about somebody, newest first. */
async function audited(person: string): Promise<[string, unknown][]> {
  const { records } = await commands.searchAudit({ text: person });
  return records.map(({ kind, body }) => [kind, body]);
}

test('a person has the roles that were given last, each once, until they are disabled; and counts again when applied', async () => {
  await commands.applyPerson({ name: 'alice', roles: ['approver', 'approver', 'sre'], by: 'olga' });
  expect(await commands.showPerson('alice')).toMatchObject({
    ...{ name: 'alice', roles: ['approver', 'sre'], isDisabled: false },
  });
  await commands.applyPerson({ name: 'alice', roles: ['operator'], by: 'olga' });
  await commands.disablePerson({ name: 'alice', by: 'oscar' });
  expect(await commands.listPeople()).toMatchObject([
    { name: 'alice', roles: ['operator'], isDisabled: true },
  ]);
  await commands.applyPerson({ name: 'alice', roles: ['operator'], by: 'olga' });
  expect(await commands.showPerson('alice')).toMatchObject({ isDisabled: false });
  expect((await audited('alice')).map(([kind, body]) => [kind, (body as { by: string }).by])).toEqual([
    ['person-applied', 'olga'],
    ['person-disabled', 'oscar'],
    ['person-applied', 'olga'],
    ['person-applied', 'olga'],
  ]);
});

test.each([
  ['', 'nothing'],
  [' alice', 'a space before it'],
  ['al\u200bice', 'a character that nobody sees'],
  ['alice\nbob', 'a second line'],
  ['a'.repeat(101), 'too many characters'],
])('a name is refused that could pass for another one: %j, %s', async (name) => {
  await expect(commands.applyPerson({ name, roles: [], by: 'olga' })).rejects.toMatchObject({
    code: 'person-malformed',
  });
  await expect(commands.applyPerson({ name: 'mallory', roles: [name], by: 'olga' })).rejects.toMatchObject({
    code: 'person-malformed',
  });
});

test('nobody is disabled, shown or given a key who was never added', async () => {
  const key = loadOrMakeKey(folder, 'person-nobody');
  for (const say of [
    () => commands.disablePerson({ name: 'nobody', by: 'olga' }),
    () => commands.showPerson('nobody'),
    () => commands.addKey({ name: 'nobody', key: publicJwk(key.publicKey), by: 'olga' }),
  ])
    await expect(say()).rejects.toMatchObject({ code: 'person-unknown' });
});

test('a key speaks for the one person who registered it, until it is revoked or they are disabled', async () => {
  const personKey = loadOrMakeKey(folder, 'person-bob');
  const speaker = async () => {
    const stack = await openCommands({ ...address, personKey });
    await stack.close();
    return stack.speaker;
  };
  expect(await speaker()).toBeNull();
  for (const name of ['bob', 'carol']) await commands.applyPerson({ name, roles: ['approver'], by: 'olga' });
  const thumbprint = await commands.addKey({ name: 'bob', key: publicJwk(personKey.publicKey), by: 'olga' });
  expect(thumbprint).toBe(personKey.thumbprint);
  expect(await speaker()).toBe('bob');
  await expect(
    commands.addKey({ name: 'carol', key: publicJwk(personKey.publicKey), by: 'olga' }),
  ).rejects.toMatchObject({ code: 'key-taken' });

  await commands.disablePerson({ name: 'bob', by: 'olga' });
  expect(await speaker()).toBeNull();
  await commands.applyPerson({ name: 'bob', roles: ['approver'], by: 'olga' });
  expect(await speaker()).toBe('bob');
  await commands.revokeKey({ thumbprint, by: 'olga' });
  expect(await speaker()).toBeNull();
  await expect(commands.revokeKey({ thumbprint, by: 'olga' })).rejects.toMatchObject({ code: 'key-unknown' });
  expect(await commands.showPerson('bob')).toMatchObject({ keys: [] });
});

test('who has a key says everything in their own name, and cannot speak for somebody else', async () => {
  const personKey = loadOrMakeKey(folder, 'person-dana');
  await commands.applyPerson({ name: 'dana', roles: ['admin'], by: 'olga' });
  await commands.addKey({ name: 'dana', key: publicJwk(personKey.publicKey), by: 'olga' });
  const signed = await openCommands({ ...address, personKey });
  await signed.commands.applyPerson({ name: 'erin', roles: ['approver'] });
  expect((await audited('erin'))[0]).toMatchObject(['person-applied', { by: 'dana' }]);
  await expect(
    signed.commands.setPeopleSettings({ settings: { isSingleOperator: false }, by: 'olga' }),
  ).rejects.toMatchObject({ code: 'speaker-other' });
  expect(await commands.showPeopleSettings()).toMatchObject({ isSingleOperator: true });
  await signed.close();
});

test('of the settings what is left out stays, and each change is audited in the name of who made it', async () => {
  expect(await commands.showPeopleSettings()).toMatchObject({ escalation: null, isSingleOperator: true });
  const escalation = { afterMs: 7_200_000, role: 'sre' };
  await commands.setPeopleSettings({ settings: { escalation }, by: 'olga' });
  await commands.setPeopleSettings({ settings: { remindAfterMs: [120_000, 60_000] }, by: 'oscar' });
  expect(await commands.showPeopleSettings()).toEqual({
    remindAfterMs: [60_000, 120_000],
    escalation,
    isSingleOperator: true,
  });
  await commands.setPeopleSettings({ settings: { escalation: null }, by: 'olga' });
  expect(await commands.showPeopleSettings()).toMatchObject({ escalation: null });
  const { records } = await commands.searchAudit({ person: 'oscar' });
  expect(records.filter(({ kind }) => kind.startsWith('people'))).toHaveLength(1);
});

test.each([
  [{ remindAfterMs: [0] }],
  [{ remindAfterMs: Array(11).fill(1_000) }],
  [{ escalation: { role: 'sre' } }],
  [{ isSingleOperator: 'yes' }],
  [{ surprise: true }],
  [null],
])('settings that say something else change nothing: %j', async (settings) => {
  const before = await commands.showPeopleSettings();
  await expect(commands.setPeopleSettings({ settings, by: 'olga' })).rejects.toMatchObject({
    code: 'people-settings-malformed',
  });
  expect(await commands.showPeopleSettings()).toEqual(before);
});
