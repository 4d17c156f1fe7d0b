import { randomUUID } from 'node:crypto';
import { ApplicationFailure, WorkflowFailedError } from '@temporalio/client';
import { workflowIdOf } from '../../src/domain/run';
import { AGENT_RUN, queues } from '../../workflows/messages';
import { type Harness, startHarness } from '../support/run-harness';
import { call } from '../support/scripted-agent';

/** What somebody tries who may start workflows, past the API: a plain Temporal client, and nonsense. */
let gatehouse: Harness;
let agent: string;
beforeAll(async () => {
  gatehouse = await startHarness();
  agent = await gatehouse.agent({}, [{ calls: [call('list-files', {})] }, { say: 'went on' }]);
});
afterAll(() => gatehouse.close());

type Fields = Record<string, unknown>;
const good = (runId: string): Fields => ({
  ...{ runId, organizationId: 'local', agent, prompt: 'Look around.', requestedBy: 'mallory' },
  repo: gatehouse.repository,
});
/** As it is sent: an own key, which an object literal cannot have. */
const polluted = (fields: Fields) =>
  JSON.parse(JSON.stringify(fields).replace('"repo"', '"__proto__":{"isAdmin":true},"repo"'));
const deep = (depth: number): unknown => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`);

/** What is sent in place of the arguments of a good start, and what its end says. */
const STARTS: [what: string, args: (fields: Fields) => unknown[], says: RegExp][] = [
  ['nothing', () => [], /needs `runId`/],
  ['null', () => [null], /needs `runId`/],
  ['a text', () => ['run'], /needs `runId`/],
  ['a number', () => [42], /needs `runId`/],
  ['a list', (fields) => [[fields]], /needs `runId`/],
  ['a truth', () => [true], /needs `runId`/],
  ['bytes', () => [new Uint8Array([0, 255, 1])], /needs `runId`/],
  ['a nest of lists', () => [deep(1_000)], /needs `runId`/],
  ['no prompt', ({ prompt: _, ...fields }) => [fields], /needs `prompt` as text/],
  [
    'a prompt that is an object',
    (fields) => [{ ...fields, prompt: { toString: 'x' } }],
    /needs `prompt` as text/,
  ],
  ['an agent that is a list', (fields) => [{ ...fields, agent: [agent] }], /needs `agent` as text/],
  ['the id of another run', (fields) => [{ ...fields, runId: 'another' }], /run/],
  ['an id that is a path', (fields) => [{ ...fields, runId: '../../etc' }], /run id|runId/],
  ['an empty id', (fields) => [{ ...fields, runId: '' }], /run id|runId/],
  ['an agent that is not there', (fields) => [{ ...fields, agent: 'nobody' }], /agent/],
  ["an agent that is every object's", (fields) => [{ ...fields, agent: '__proto__' }], /agent/],
  [
    'an organization that is not there',
    (fields) => [{ ...fields, organizationId: 'nowhere' }],
    /organization|agent/,
  ],
  [
    'an organization with quotes',
    (fields) => [{ ...fields, organizationId: "x' OR '1'='1" }],
    /organization|agent/,
  ],
  ['a nul in a name', (fields) => [{ ...fields, requestedBy: 'a\0b' }], /./],
  ['half a surrogate in the prompt', (fields) => [{ ...fields, prompt: 'a\ud800' }], /./],
  ['a key that is not known', (fields) => [{ ...fields, isAdmin: true }], /isAdmin/],
  ['a prototype', (fields) => [polluted(fields)], /__proto__|unknown/],
  ['permissions of its own', (fields) => [{ ...fields, permissions: { tier: 4 } }], /permissions/],
  ['a narrowing that is none', (fields) => [{ ...fields, narrow: 'PROD_GATED' }], /narrow/],
  ['a narrowing to a tier that is none', (fields) => [{ ...fields, narrow: { tier: 99 } }], /narrow/],
  [
    'a repository that is a command',
    (fields) => [{ ...fields, repo: 'ext::sh -c touch% /tmp/owned' }],
    /repo/,
  ],
  [
    'a repository that is an option',
    (fields) => [{ ...fields, repo: '--upload-pack=touch /tmp/owned' }],
    /repo/,
  ],
  ['a repository that is not there', (fields) => [{ ...fields, repo: '/nowhere/at/all' }], /repo/],
  ['attachments that are none', (fields) => [{ ...fields, attachments: 'all' }], /attachments/],
  [
    'a hundred thousand keys',
    (fields) => [
      { ...fields, ...Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`k${index}`, 1])) },
    ],
    /unknown/,
  ],
  [
    'the state of another run',
    (fields) => [fields, { transcript: [], turn: 7, approved: true }],
    /its input alone/,
  ],
];

async function endOf(args: (fields: Fields) => unknown[]): Promise<string> {
  const sent = args(good(`h${randomUUID().slice(0, 12)}`));
  // Under the id that its run would have, as far as that can be.
  const { runId } = Object(sent[0]) as { runId?: unknown };
  const own = typeof runId === 'string' && runId !== 'another' ? runId : randomUUID();
  try {
    const handle = await gatehouse.client.workflow.start(AGENT_RUN, {
      workflowId: workflowIdOf(own),
      taskQueue: queues.control,
      args: sent as never,
      workflowTaskTimeout: '3s',
    });
    const { status, text } = (await handle.result()) as { status: string; text: string };
    return `${status}: ${text}`;
  } catch (error) {
    const cause = error instanceof WorkflowFailedError ? error.cause : error;
    return cause instanceof ApplicationFailure ? cause.message : `${cause}`;
  }
}

test('starts with nonsense end at once and say why, and another run goes on beside them', async () => {
  const ends = STARTS.map(async ([what, args]) => {
    return { what, end: await endOf(args) };
  });
  const run = await gatehouse.start({ agent });
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'went on' });
  const ended = await Promise.all(ends);
  const wrong = STARTS.flatMap(([what, , says], index) => {
    const end = ended[index]?.end ?? '';
    // One line of public words: no code, no path of ours, no stack, and not all that was sent.
    const isPlain = end.length < 2_000 && !/\n\s+at |COMPLETED|node_modules|\.ts:/.test(end);
    return says.test(end) && isPlain ? [] : [{ what, end: end.slice(0, 300) }];
  });
  expect(wrong).toEqual([]);
  expect(({} as Fields).isAdmin).toBeUndefined();
}, 120_000);

test("a workflow named as every object's constructor does nothing, and a run goes on beside it", async () => {
  const handle = await gatehouse.client.workflow.start('constructor', {
    workflowId: `run-${randomUUID().slice(0, 12)}`,
    taskQueue: queues.control,
    args: [good('x')],
    workflowExecutionTimeout: '5s',
  });
  const run = await gatehouse.start({ agent });
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'went on' });
  await handle.result().catch(() => {});
  const { events } = await handle.fetchHistory();
  expect(events?.filter((event) => event.activityTaskScheduledEventAttributes)).toEqual([]);
});
