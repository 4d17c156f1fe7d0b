import { Client, Connection } from '@temporalio/client';
import { withClient } from '../../src/embedded/database-connection';
import { createTestDatabase, createTestNamespace, useStack } from '../support/stack';

test('every test file reaches the same servers', async () => {
  expect(await useStack()).toEqual(await useStack());
});

test('databases of two tests do not see each other, and go when dropped', async () => {
  const [one, other] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  await withClient(one.url, (client) => client.query('create table mine (id int)'));
  await expect(withClient(other.url, (client) => client.query('select * from mine'))).rejects.toThrow(
    'does not exist',
  );
  await Promise.all([one.drop(), other.drop()]);
  await expect(withClient(one.url, async () => undefined)).rejects.toThrow('there is no such database');
});

test('a namespace of its own takes workflows with our search attributes at once', async () => {
  const { temporalAddress, namespace } = await createTestNamespace();
  const connection = await Connection.connect({ address: temporalAddress });
  try {
    const { workflow } = new Client({ connection, namespace });
    const handle = await workflow.start('agentRun', {
      taskQueue: 'nobody',
      workflowId: 'run-1',
      searchAttributes: { GatehouseAgent: ['auditor'], GatehouseTier: ['DRAFT'] },
    });
    expect((await handle.describe()).searchAttributes).toMatchObject({ GatehouseTier: ['DRAFT'] });
  } finally {
    await connection.close();
  }
});
