import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { Client } from 'pg';
import { makeKey } from '../../src/broker/keys';
import { compileSnapshot } from '../../src/policy/snapshot';
import { createAgentStore } from '../../src/store/agent-store';
import { createAnchorStore } from '../../src/store/anchor-store';
import { openDatabase } from '../../src/store/database';
import { createGateStore } from '../../src/store/gate-store';
import { createPolicyStore } from '../../src/store/policy-store';
import { createRateStore } from '../../src/store/rate-store';
import { createRunStore } from '../../src/store/run-store';
import { ensureRuntimeRole } from '../../src/store/runtime-role';
import { createSnapshotStore } from '../../src/store/snapshot-store';
import { agent, gateCommit, openStores, type StoreFixture } from './fixture';

const ROOT = path.resolve(__dirname, '../..');

let stores: StoreFixture;
let runtimeUrl: string;
let runtime: Client;

beforeAll(async () => {
  stores = await openStores();
  const url = new URL(stores.url);
  const role = `${url.pathname.slice(1)}_runtime`;
  expect(await ensureRuntimeRole(stores.url, { role, password: 'a-password' })).toBe(true);
  url.username = role;
  url.password = 'a-password';
  runtimeUrl = url.href;
  const address = await stores.startRun('kept');
  await createGateStore(stores.database).commit(gateCommit('kept', stores.snapshot));
  await createAnchorStore(stores.database, makeKey()).anchorRun(address);
  runtime = new Client({ connectionString: runtimeUrl });
  await runtime.connect();
});

afterAll(async () => {
  await runtime?.end();
  await stores?.close();
});

test.each([
  `UPDATE "AuditRecord" SET "body" = '{}'`,
  `DELETE FROM "AuditRecord"`,
  `TRUNCATE "AuditRecord" CASCADE`,
  `UPDATE "OrganizationAuditRecord" SET "body" = '{}'`,
  `DELETE FROM "OrganizationAuditRecord"`,
  `TRUNCATE "OrganizationAuditRecord"`,
  `DELETE FROM "DecisionRecord"`,
  `UPDATE "DecisionRecord" SET "isGranted" = false`,
  `DELETE FROM "RunEvent"`,
  `UPDATE "CustomPolicyVersion" SET "content" = ''`,
  `UPDATE "CustomPolicyTests" SET "tests" = ''`,
  `UPDATE "PolicySnapshot" SET "content" = ''`,
  `DELETE FROM "Run"`,
  `DROP TRIGGER "AuditRecord_no_change" ON "AuditRecord"`,
  `ALTER TABLE "AuditRecord" DISABLE TRIGGER ALL`,
  `ALTER TABLE "AuditRecord" OWNER TO current_user`,
  `CREATE OR REPLACE FUNCTION "refuse_audit_change"() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`,
  `CREATE TRIGGER "mine" BEFORE INSERT ON "AuditRecord" FOR EACH ROW EXECUTE FUNCTION "refuse_audit_change"()`,
  `CREATE RULE "mine" AS ON INSERT TO "AuditRecord" DO INSTEAD NOTHING`,
  `SET session_replication_role = replica`,
  `DROP TABLE "AuditRecord" CASCADE`,
  `CREATE TABLE "mine" (a int)`,
  `CREATE SCHEMA "mine"`,
  `SET ROLE gatehouse`,
  `GRANT UPDATE ON "AuditRecord" TO current_user`,
  `UPDATE "_prisma_migrations" SET finished_at = NULL`,
])('the runtime role may not: %s', async (sql) => {
  const before = await runtime.query('SELECT count(*) FROM "AuditRecord"');
  await expect(
    runtime.query(sql).then((result) => {
      // PostgreSQL answers a grant that gives nothing with a warning.
      if (sql.startsWith('GRANT') && result.command === 'GRANT')
        throw new Error('permission denied: nothing granted');
    }),
  ).rejects.toThrow(/permission denied|must be (able to SET ROLE|owner)/);
  expect((await runtime.query('SELECT count(*) FROM "AuditRecord"')).rows).toEqual(before.rows);
  expect(
    (await runtime.query(`SELECT has_table_privilege(current_user, '"AuditRecord"', 'UPDATE') AS may`)).rows,
  ).toEqual([{ may: false }]);
});

test('control does all its work with it', async () => {
  const database = openDatabase(runtimeUrl);
  try {
    const snapshot = compileSnapshot({
      organizationId: 'local',
      agent: { ...agent, name: 'new' },
      policies: [],
    });
    await createSnapshotStore(database).save(snapshot);
    await createSnapshotStore(database).save(snapshot);
    await createAgentStore(database).apply('local', { ...agent, name: 'new' }, 'olga');
    const policies = createPolicyStore(database);
    await policies.publish('local', { name: 'one', version: 1, content: 'first' }, 'olga');
    await policies.publish('local', { name: 'one', version: 2, content: 'second', tests: '[]' }, 'olga');
    await policies.rollback('local', 'one', { by: 'olga' });
    await policies.setMode('local', 'observe', 'olga');
    const runs = createRunStore(database);
    const address = { runId: 'by-runtime', organizationId: 'local' };
    await runs.create({
      ...address,
      agent: 'new',
      prompt: 'x',
      requestedBy: 'rita',
      snapshotId: snapshot.id,
    });
    await createGateStore(database).commit(gateCommit('by-runtime', snapshot.id));
    await createRateStore(database).take({
      ...address,
      agent: 'new',
      tool: 'read-file',
      callId: 'call-1',
      demands: [],
    });
    await createAnchorStore(database, makeKey()).anchorAll();
  } finally {
    await database.close();
  }
});

test('the migrations give a role its rights, again after each of them', () => {
  const role = new URL(runtimeUrl).username;
  const output = execFileSync(process.execPath, ['--require', 'tsx/cjs', 'scripts/migrate.ts'], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, DATABASE_URL: stores.url, GATEHOUSE_RUNTIME_ROLE: role },
  });
  expect(output).toBe(`the database is up to date\nrole ${role} has the rights of control and API\n`);
});
