/** One process of the bare loop: `workflow`, `model` or `tool`, laid out as our own processes are. */
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { bareActivities } from './activities';
import { leastActivities } from './least';

async function main([role, address, databaseUrl]: string[]): Promise<void> {
  if (!role || !address) throw new Error('usage: worker.ts ROLE ADDRESS [DATABASE]');
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const connection = await NativeConnection.connect({ address });
  const activities = { ...bareActivities, ...leastActivities(databaseUrl) };
  const worker = await Worker.create(
    role === 'workflow'
      ? { connection, taskQueue: 'bench-workflow', workflowsPath: require.resolve('./workflow'), activities }
      : { connection, taskQueue: `bench-${role}`, activities },
  );
  process.stdout.write('bare worker is ready\n');
  await worker.run();
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`${error}\n`);
  process.exit(1);
});
