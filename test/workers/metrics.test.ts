import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Harness, startHarness } from '../support/run-harness';
import { sandboxHost } from '../support/sandbox-process';

jest.setTimeout(120_000);

let gatehouse: Harness;
beforeAll(async () => {
  gatehouse = await startHarness();
});
afterAll(() => gatehouse.close());

test('a worker serves what its Temporal SDK counts where it is told to', async () => {
  const address = `127.0.0.1:${await freePort()}`;
  const host = sandboxHost(gatehouse, 'measured', { GATEHOUSE_METRICS_LISTEN: address });
  await host.start();
  try {
    const answer = await fetch(`http://${address}/metrics`);
    expect(answer.status).toBe(200);
    const metrics = await answer.text();
    expect(metrics).toMatch(/^temporal_num_pollers\{.*task_queue="gatehouse-sandbox.measured"/m);
    expect(metrics).toMatch(/^temporal_worker_task_slots_available\{/m);
  } finally {
    await host.kill();
  }
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
