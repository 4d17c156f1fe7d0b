import { sha256 } from '../../src/domain/hashing';
import { createAgentStore } from '../../src/store/agent-store';
import { createAuditSearch } from '../../src/store/audit-search';
import { createPolicyStore } from '../../src/store/policy-store';
import { agent } from '../store/fixture';
import { type AuditFixture, decide, exported, openAudit, verified } from './fixture';

let audit: AuditFixture;
let search: ReturnType<typeof createAuditSearch>;

beforeAll(async () => {
  audit = await openAudit();
  search = createAuditSearch(audit.database);
});
afterAll(() => audit.close());

const organizationId = 'local';

test('every change of policies and agents says who, from which version to which, and what', async () => {
  const policies = createPolicyStore(audit.database);
  const publish = (version: number, content: string) =>
    policies.publish(organizationId, { name: 'naming', version, content }, 'paul');
  await publish(1, 'first');
  await publish(2, 'second');
  await publish(2, 'second');
  await policies.rollback(organizationId, 'naming', { by: 'rosa' });
  await policies.setMode(organizationId, 'observe', 'olga');
  await policies.setActive(organizationId, 'naming', false, 'paul');
  await policies.remove(organizationId, 'naming', 'paul');
  await createAgentStore(audit.database).apply(organizationId, { ...agent, network: ['a.example'] }, 'anna');
  const { records } = await search.find(organizationId, {});
  const first = { contentHash: sha256('first') };
  expect(records.reverse().map(({ kind, body }) => [kind, body])).toEqual([
    ['agent-applied', { agent: 'demo', from: null, to: 1, by: 'olga', contentHash: expect.any(String) }],
    ['policy-published', { policy: 'naming', from: null, to: 1, by: 'paul', ...first }],
    ['policy-published', { policy: 'naming', from: 1, to: 2, by: 'paul', contentHash: sha256('second') }],
    ['policy-rolled-back', { policy: 'naming', from: 2, to: 3, contentOf: 1, by: 'rosa', ...first }],
    ['policy-mode-changed', { from: 'enforce', to: 'observe', by: 'olga' }],
    ['policy-switched-off', { policy: 'naming', version: 3, by: 'paul', ...first }],
    ['policy-removed', { policy: 'naming', version: 3, by: 'paul', ...first }],
    ['agent-applied', { agent: 'demo', from: 1, to: 2, by: 'anna', contentHash: expect.any(String) }],
  ]);
});

test('a refused publication leaves no record', async () => {
  const { records: before } = await search.find(organizationId, { kind: 'policy-published' });
  const file = { name: 'naming', version: 1, content: 'other' };
  await expect(createPolicyStore(audit.database).publish(organizationId, file, 'paul')).rejects.toMatchObject(
    {
      code: 'policy-version-taken',
    },
  );
  expect((await search.find(organizationId, { kind: 'policy-published' })).records).toEqual(before);
});

test('records are found by person, kind, run and time, newest first and page by page', async () => {
  await decide(audit, 'found', 2);
  const kindsOf = async (query: object) =>
    (await search.find(organizationId, query)).records.map(({ kind }) => kind);
  expect(await kindsOf({ person: 'rosa' })).toEqual(['policy-rolled-back']);
  expect(await kindsOf({ person: 'ros' })).toEqual([]);
  expect(await kindsOf({ person: 'r"osa%' })).toEqual([]);
  expect(await kindsOf({ runId: 'found', kind: 'outcome' })).toEqual(['outcome', 'outcome']);
  expect(await kindsOf({ runId: 'found', until: 0 })).toEqual([]);
  expect(await kindsOf({ since: Date.UTC(2040, 0) })).toEqual([]);
  const all = (await search.find(organizationId, {})).records;
  const paged = [];
  let cursor: string | null = null;
  do {
    const page = await search.find(organizationId, { limit: 3, cursor });
    paged.push(...page.records);
    cursor = page.next;
  } while (cursor !== null);
  expect(paged).toEqual(all);
  expect(all.length).toBeGreaterThan(10);
});

test('another organization’s records are not found', async () => {
  expect((await search.find('other', { person: 'rosa' })).records).toEqual([]);
});

test('of two that anchor at once, none loses a record and nothing is broken', async () => {
  for (let round = 0; round < 5; round++) {
    await decide(audit, `at-once-${round}`, 1, { isFinished: false });
    await Promise.all([audit.anchors.anchorAll(), audit.anchors.anchorAll(), audit.anchors.anchorAll()]);
  }
  expect(await audit.anchors.anchorAll()).toEqual([]);
  expect(verified(await exported(audit), { key: audit.key })).toMatchObject({ ok: true, runs: 6 });
});
