import type { RateDemand } from '../../src/domain/rate';
import type { RateTaker } from '../../src/policy/take-rates';
import { createRateStore } from '../../src/store/rate-store';
import { openStores, type StoreFixture } from './fixture';

let stores: StoreFixture;
let rates: RateTaker;
let rule = '';
let count = 0;

beforeAll(async () => {
  stores = await openStores();
  rates = createRateStore(stores.database);
});

beforeEach(() => {
  rule = `rule-${++count}`;
});

afterAll(() => stores.close());

const demand = (parts: Partial<RateDemand> = {}): RateDemand => ({
  ...{ rule, message: 'not so many', per: 'agent', limit: 3, windowMs: 3_600_000 },
  ...parts,
});
const take = (
  callId: string,
  parts: Partial<RateDemand> = {},
  more: { agent?: string; runId?: string } = {},
) =>
  rates.take({
    ...{ organizationId: 'local', agent: 'demo', tool: 'create-pr', runId: 'run-1', callId },
    ...more,
    demands: [demand(parts)],
  });

test('of many calls at once exactly as many find a place as the window has', async () => {
  const takings = await Promise.all(Array.from({ length: 40 }, (_, at) => take(`call-${at}`, { limit: 7 })));
  expect(takings.filter(({ kind }) => kind === 'taken')).toHaveLength(7);
});

test('a call counts once, however often its gate is repeated', async () => {
  for (const callId of ['a', 'a', 'a', 'b', 'c']) expect(await take(callId)).toEqual({ kind: 'taken' });
  expect(await take('a')).toEqual({ kind: 'taken' });
  expect(await take('d')).toMatchObject({ kind: 'full' });
});

test('a full window says when the oldest call leaves it', async () => {
  const windowMs = 60_000;
  const before = Date.now();
  for (const callId of ['a', 'b', 'c']) await take(callId, { windowMs });
  const after = Date.now();
  const taking = await take('d', { windowMs });
  if (taking.kind !== 'full') throw new Error('a place was found');
  // The database has a clock of its own.
  expect(taking.until).toBeGreaterThanOrEqual(before + windowMs - 2_000);
  expect(taking.until).toBeLessThanOrEqual(after + windowMs + 2_000);
});

test('what has left the window makes room', async () => {
  for (const callId of ['a', 'b', 'c']) await take(callId);
  await stores.database.client.rateUse.updateMany({
    where: { callId: 'a', windowKey: { contains: rule } },
    data: { takenAt: new Date(Date.now() - 3_700_000) },
  });
  expect(await take('d')).toEqual({ kind: 'taken' });
  expect(await take('e')).toMatchObject({ kind: 'full' });
});

test('agents share a window only where the rule counts per organization', async () => {
  expect(await take('a', { limit: 1 })).toEqual({ kind: 'taken' });
  expect(await take('b', { limit: 1 }, { agent: 'other' })).toEqual({ kind: 'taken' });
  expect(await take('a', { limit: 1, per: 'organization' })).toEqual({ kind: 'taken' });
  expect(await take('b', { limit: 1, per: 'organization' }, { agent: 'other' })).toMatchObject({
    kind: 'full',
  });
});

test('a call that finds one of its windows full takes no place in the others', async () => {
  const wide = demand({ per: 'organization', limit: 2 });
  const full = demand({ limit: 0 });
  const request = { organizationId: 'local', agent: 'demo', tool: 'create-pr', runId: 'run-1' };
  expect(await rates.take({ ...request, callId: 'a', demands: [wide, full] })).toMatchObject({
    kind: 'full',
  });
  for (const callId of ['b', 'c'])
    expect(await rates.take({ ...request, callId, demands: [wide] })).toEqual({ kind: 'taken' });
});
