import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { withClient } from '../../src/embedded/database-connection';
import { type Harness, startHarness } from '../support/run-harness';
import { call } from '../support/scripted-agent';
import { waitUntil } from '../support/wait-until';
import { type ApiFixture, openApiFixture } from './fixture';
import { allEvents, type ReceivedEvent, readEvents } from './sse';

let gatehouse: Harness;
let http: ApiFixture;
let asker: string;
beforeAll(async () => {
  gatehouse = await startHarness();
  http = await openApiFixture(gatehouse, { limits: { heartbeatMs: 1_000 } });
  asker = await gatehouse.agent({}, [
    { calls: [call('ask-user', { question: 'First?' })] },
    { calls: [call('ask-user', { question: 'Second?' })] },
    { say: 'done' },
  ]);
});
afterAll(async () => {
  await http.close();
  await gatehouse.close();
});

const eventsOf = (runId: string, since?: number) =>
  http.ask(
    `/v1/runs/${runId}/events`,
    since === undefined ? {} : { headers: { 'last-event-id': String(since) } },
  );
const idsOf = (events: ReceivedEvent[]) => events.flatMap(({ id }) => (id === null ? [] : [Number(id)]));

/** Every event that is kept, once and in order. */
async function expectAll(runId: string, received: ReceivedEvent[]): Promise<void> {
  const { rows } = await withClient(gatehouse.databaseUrl, (client) =>
    client.query('SELECT "sequence" FROM "RunEvent" WHERE "runId" = $1 ORDER BY "sequence"', [runId]),
  );
  expect(idsOf(received)).toEqual(rows.map(({ sequence }) => sequence));
}

test('a listener that comes back after a restart of the API goes on where it was', async () => {
  const run = await gatehouse.start({ agent: asker });
  await run.question();
  const first = await openApiFixture(gatehouse);
  const received: ReceivedEvent[] = [];
  for await (const event of readEvents(await first.ask(`/v1/runs/${run.runId}/events`, { key: http.key }))) {
    received.push(event);
    if (event.event !== 'question') continue;
    // It is told to come back, and the stream ends.
    first.opened.stop();
  }
  await first.close();
  expect(received.at(-1)).toMatchObject({ event: 'question' });
  await run.answerNext('one');
  const last = Number(received.at(-1)!.id);
  for await (const event of readEvents(await eventsOf(run.runId, last))) {
    received.push(event);
    if (event.event === 'question') await run.answerNext('two');
  }
  expect(received.at(-1)).toMatchObject({ event: 'end', data: { status: 'COMPLETED' } });
  await expectAll(run.runId, received);
});

test('a listener hears what happened while the database let nobody in, once it does again', async () => {
  const run = await gatehouse.start({ agent: asker });
  await run.question();
  const received: ReceivedEvent[] = [];
  const reading = (async () => {
    for await (const event of readEvents(await eventsOf(run.runId))) received.push(event);
  })();
  await waitUntil(() => received.some(({ event }) => event === 'question'), 'the question is heard');
  await waitUntil(() => http.opened.dependencies.live.isListening, 'it listens');
  await gatehouse.refuseDatabase(true);
  await waitUntil(() => !http.opened.dependencies.live.isListening, 'the connection is lost');
  await gatehouse.refuseDatabase(false);
  await run.answerNext('one');
  await run.answerNext('two');
  await run.outcome();
  await reading;
  expect(received.at(-1)).toMatchObject({ event: 'end' });
  await expectAll(run.runId, received);
});

test('500 listeners of one process hear everything', async () => {
  const listeners = 500;
  const { url } = await http.serve();
  const run = await gatehouse.start({ agent: asker });
  await run.question();
  const agent = new Agent({ maxSockets: listeners, keepAlive: false });
  const streams = Array.from({ length: listeners }, () =>
    listenTo(`${url.href}v1/runs/${run.runId}/events`, agent),
  );
  // One that is refused fails here, and not by the silence of the others.
  await Promise.race([
    Promise.all(streams.map(({ ended }) => ended)),
    waitUntil(() => streams.every(({ text }) => text().includes('event: question')), 'all hear', 90_000),
  ]);
  const answeredAt = Date.now();
  await run.answerNext('one');
  await waitUntil(
    () => streams.every(({ text }) => text().includes('Second?')),
    'all hear the second question',
    30_000,
  );
  const tookMs = Date.now() - answeredAt;
  await run.answerNext('two');
  await run.outcome();
  const texts = await Promise.all(streams.map(({ ended }) => ended));
  // Each heard the same, byte for byte but for the silences.
  const heard = new Set(texts.map((text) => text.replaceAll(': silence\n\n', '')));
  expect(heard.size).toBe(1);
  expect([...heard][0]).toContain('event: end\ndata: {"status":"COMPLETED"}');
  expect(tookMs).toBeLessThan(20_000);
  expect(await http.opened.dependencies.registry.metrics()).toContain('gatehouse_api_event_streams 0');
}, 180_000);

test('a listener that takes nothing holds no more than the page it was given', async () => {
  const run = await gatehouse.start({ agent: asker });
  await run.question();
  const answer = await eventsOf(run.runId);
  const reader = answer.body!.getReader();
  await reader.read();
  // Nobody reads on; meanwhile the run ends and the stream goes on from where it was.
  await run.answerNext('one');
  await run.answerNext('two');
  await run.outcome();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    text += new TextDecoder().decode(value);
  }
  expect(text).toContain('event: end');
});

test('a client that goes away is forgotten', async () => {
  const run = await gatehouse.start({ agent: asker });
  await run.question();
  const { url } = await http.serve();
  const going = new AbortController();
  const answer = await fetch(`${url.href}v1/runs/${run.runId}/events`, {
    headers: { authorization: `Bearer ${http.key}` },
    signal: going.signal,
  });
  await readEvents(answer).next();
  const open = async () =>
    /gatehouse_api_event_streams (\d+)/.exec(await http.opened.dependencies.registry.metrics())?.[1];
  expect(await open()).toBe('1');
  going.abort();
  await waitUntil(async () => (await open()) === '0', 'the stream is forgotten');
  await run.handle.cancel();
});

test('the stream of an organization says which runs have news, of that organization alone', async () => {
  const own = readEvents(await http.ask('/v1/events'));
  await gatehouse.organizations.create({ id: 'elsewhere', name: 'Elsewhere' });
  const foreignKey = await http.keyOf({ organization: 'elsewhere' });
  const foreign = await http.ask('/v1/events', { key: foreignKey });
  const foreignText: string[] = [];
  const foreignReading = (async () => {
    for await (const event of readEvents(foreign)) foreignText.push(event.event);
  })();
  const heard = own.next();
  await waitUntil(() => http.opened.dependencies.live.isListening, 'it listens');
  const run = await gatehouse.start({ agent: asker });
  const nudges: ReceivedEvent[] = [];
  for (let next = await heard; !next.done; next = await own.next()) {
    if (next.value.data.runId === run.runId) nudges.push(next.value);
    if (nudges.some(({ data }) => data.types.includes('question'))) break;
  }
  expect(nudges.at(-1)).toMatchObject({ event: 'nudge', id: null, data: { sequence: expect.any(Number) } });
  await own.return(undefined);
  await pause(100);
  expect(foreignText).toEqual([]);
  await foreign.body?.cancel().catch(() => undefined);
  void foreignReading.catch(() => undefined);
  await run.handle.cancel();
});

test('a run that is not there, or an odd place in it, is refused before anything is streamed', async () => {
  expect(await http.json('/v1/runs/nobody/events', 404)).toMatchObject({ code: 'run-unknown' });
  const run = await gatehouse.start({ agent: asker });
  await run.question();
  expect(await http.json(`/v1/runs/${run.runId}/events?lastEventId=x`, 400)).toMatchObject({
    code: 'request-malformed',
    faults: [{ where: 'query.lastEventId' }],
  });
  const head = await http.ask(`/v1/runs/${run.runId}/events`, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
  await run.handle.cancel();
  await run.outcome();
  expect((await allEvents(await eventsOf(run.runId))).at(-1)).toMatchObject({
    data: { status: 'CANCELLED' },
  });
});

function listenTo(url: string, agent: Agent): { text(): string; ended: Promise<string> } {
  let text = '';
  const ended = new Promise<string>((resolve, reject) => {
    request(url, { agent, headers: { authorization: `Bearer ${http.key}` } }, (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`answered ${answer.statusCode}`));
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () => resolve(text));
      answer.on('error', reject);
    })
      .on('error', reject)
      .end();
  });
  return { text: () => text, ended };
}
