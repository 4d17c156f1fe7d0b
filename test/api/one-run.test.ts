import { type Harness, startHarness } from '../support/run-harness';
import { waitUntil } from '../support/wait-until';
import { type ApiFixture, openApiFixture } from './fixture';
import { allEvents, type ReceivedEvent, readEvents } from './sse';

let gatehouse: Harness;
let http: ApiFixture;
beforeAll(async () => {
  gatehouse = await startHarness();
  http = await openApiFixture(gatehouse);
});
afterAll(async () => {
  await http.close();
  await gatehouse.close();
});

const DEPLOY = {
  name: 'deploy',
  description: 'Deploys.',
  effect: 'production',
  parameters: { type: 'object', properties: { to: { type: 'string' } } },
  sensitive: [],
  command: ['cat'],
};

test('over HTTP alone: an agent is defined, a run started, watched, approved, and ends', async () => {
  const { url } = await http.serve();
  const ask = (path: string, { key = http.key, ...init }: RequestInit & { key?: string } = {}) =>
    fetch(new URL(path, url), {
      ...init,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...init.headers },
    });
  const post = (path: string, body: object, given: { key?: string; headers?: Record<string, string> } = {}) =>
    ask(path, { method: 'POST', body: JSON.stringify(body), ...given });

  const applied = await ask('/v1/agents/deployer', {
    method: 'PUT',
    body: JSON.stringify({
      definition: { name: 'deployer', tier: 'PROD_GATED', model: 'scripted:deployer.yaml' },
      tools: [DEPLOY],
      script: JSON.stringify({
        turns: [
          { calls: [{ tool: 'ask-user', args: { question: 'Where to?', options: ['production'] } }] },
          { calls: [{ tool: 'deploy', args: { to: 'production' } }] },
          { say: 'deployed' },
        ],
      }),
    }),
  });
  expect(await applied.json()).toEqual({ name: 'deployer', version: 1, isChanged: true });

  const request = { agent: 'deployer', prompt: 'Deploy to production.', repo: gatehouse.repository };
  const headers = { 'idempotency-key': 'ticket-1' };
  const started = await post('/v1/runs', request, { headers });
  expect(started.status).toBe(201);
  const { runId } = (await started.json()) as { runId: string };
  const again = await post('/v1/runs', request, { headers });
  expect([again.status, await again.json()]).toEqual([
    200,
    { runId, workflowId: `run-${runId}`, isNew: false, isPaused: false },
  ]);
  const other = await post('/v1/runs', { ...request, prompt: 'Something else.' }, { headers });
  expect([other.status, await other.json()]).toMatchObject([409, { code: 'idempotency-key-reused' }]);

  const seen: ReceivedEvent[] = [];
  const approverKey = await http.keyOf({
    person: 'alice',
    scopes: ['approvals:decide', 'approvals:read'],
    roles: ['approver'],
  });
  for await (const event of readEvents(await ask(`/v1/runs/${runId}/events`))) {
    seen.push(event);
    if (event.event === 'question') {
      const { questionId } = event.data.data;
      const answered = await post(
        `/v1/runs/${runId}/answers`,
        { questionId, answer: 'production' },
        { key: approverKey },
      );
      expect(await answered.json()).toMatchObject({ questionId, runId, status: 'answered' });
    }
    if (
      event.event === 'approval' &&
      event.data.data.outcome === 'pending' &&
      event.data.data.by.length === 0
    ) {
      const { approvals } = (await (await ask('/v1/approvals', { key: approverKey })).json()) as {
        approvals: { id: string; actionHash: string; args: string; runId: string }[];
      };
      const approval = approvals.find((each) => each.runId === runId)!;
      expect(approval.args).toBe('{"to":"production"}');
      const decided = await post(
        `/v1/approvals/${approval.id}/decisions`,
        { decision: 'approve', actionHash: approval.actionHash },
        { key: approverKey },
      );
      expect(await decided.json()).toEqual({ approvalId: approval.id, runId, status: 'approved' });
    }
  }
  expect(seen.at(-1)).toMatchObject({ event: 'end', data: { status: 'COMPLETED' } });
  const sequences = seen.slice(0, -1).map(({ id }) => Number(id));
  expect(sequences).toEqual([...new Set(sequences)].sort((one, two) => one - two));

  const run = (await (await ask(`/v1/runs/${runId}`)).json()) as Record<string, unknown>;
  expect(run).toMatchObject({ status: 'COMPLETED', requestedBy: 'ada', outcome: { text: 'deployed' } });
  const transcript = (await (await ask(`/v1/runs/${runId}/transcript`)).json()) as {
    entries: { role: string }[];
  };
  expect(transcript.entries.map(({ role }) => role)).toEqual(
    expect.arrayContaining(['system', 'user', 'assistant', 'tool']),
  );
  const audit = (await (await ask(`/v1/audit?runId=${runId}&kind=approval`)).json()) as {
    records: { body: { by: string } }[];
  };
  expect(audit.records[0]).toMatchObject({
    runId,
    kind: 'approval',
    body: { by: 'alice', isVerified: true },
  });

  // A browser that asks again once all is known is told to stop.
  const lastId = String(sequences.at(-1));
  expect((await ask(`/v1/runs/${runId}/events`, { headers: { 'last-event-id': lastId } })).status).toBe(204);
  const rest = await allEvents(await ask(`/v1/runs/${runId}/events?lastEventId=${sequences.at(-2)}`));
  expect(rest.map(({ id, event }) => [id, event])).toEqual([
    [lastId, 'status'],
    [null, 'end'],
  ]);
});

test('a run can be paused, goes on, and is stopped', async () => {
  await gatehouse.agent({ name: 'asker' }, [
    { calls: [{ tool: 'ask-user', args: { question: 'Go on?' } }] },
    { say: 'done' },
  ]);
  const { runId } = await http.json('/v1/runs', 201, { body: { agent: 'asker', prompt: 'Ask.' } });
  const statusIs = (wanted: string) =>
    waitUntil(async () => (await http.json(`/v1/runs/${runId}`, 200)).status === wanted, wanted);
  await statusIs('WAITING_INPUT');
  const steer = (what: string) =>
    http.json(`/v1/runs/${runId}/${what}`, 202, { body: { reason: 'a freeze' } });
  await steer('pause');
  await statusIs('PAUSED');
  await steer('resume');
  await statusIs('WAITING_INPUT');
  await steer('stop');
  await statusIs('CANCELLED');
  expect(await http.json(`/v1/runs/${runId}/pause`, 409, { body: {} })).toMatchObject({ code: 'run-ended' });
});

test('runs are listed newest first, page by page, and by agent and status', async () => {
  await gatehouse.agent({ name: 'sayer' }, [{ say: 'hello' }]);
  const started: string[] = [];
  for (let index = 0; index < 3; index++) {
    const { runId } = await http.json('/v1/runs', 201, {
      body: { agent: 'sayer', prompt: `Number ${index}.` },
    });
    await allEvents(await http.ask(`/v1/runs/${runId}/events`));
    started.unshift(runId);
  }
  const listed: string[] = [];
  let cursor: string | null = null;
  do {
    const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page = await http.json(`/v1/runs?agent=sayer&status=COMPLETED&limit=2${query}`, 200);
    listed.push(...page.runs.map((run: { runId: string }) => run.runId));
    cursor = page.next;
  } while (cursor !== null);
  expect(listed).toEqual(started);
});
