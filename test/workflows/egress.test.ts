import { type Harness, startHarness } from '../support/run-harness';
import { call } from '../support/scripted-agent';

const FETCH = {
  name: 'fetch',
  description: 'Fetches.',
  effect: 'sandbox',
  parameters: { type: 'object', properties: {} },
  sensitive: [],
  command: ['curl', '-sS', '-m', '5', 'https://evil.example/'],
};

let gatehouse: Harness;
beforeAll(async () => {
  gatehouse = await startHarness();
});
afterAll(() => gatehouse.close());

test('a refused connection is an event of the run, and the model is told why', async () => {
  const agent = await gatehouse.agent({ tier: 'SANDBOX', network: ['allowed.example'], tools: [FETCH] }, [
    { calls: [call('fetch')] },
    {
      expect: [
        {
          tool: 'fetch',
          contains: "the network refused `evil.example:443`: it is not among the agent's hosts",
        },
      ],
      say: 'refused',
    },
  ]);
  const run = await gatehouse.start({ agent });
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'refused' });
  const told = (await run.events()).filter(({ type }) => type === 'egress');
  expect(told.map(({ data }) => data)).toEqual([
    { callId: expect.any(String), host: 'evil.example', port: 443, reason: 'host' },
  ]);
});
