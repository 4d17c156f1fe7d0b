import { startSweeping } from '../../src/workers/sweeping';
import { waitUntil } from '../support/wait-until';

const HOUR_MS = 60 * 60_000;

/** The runs whose folders are removed in the first round. */
async function sweep(runs: Record<string, { running: boolean | null | Error; hours?: number }>) {
  const removed: string[] = [];
  let asked = 0;
  const sweeping = startSweeping({
    workspaces: {
      list: async () =>
        Object.entries(runs).map(([runId, { hours = 1 }]) => ({ runId, changedAt: -hours * HOUR_MS })),
      remove: async (runId) => void removed.push(runId),
    },
    now: () => 0,
    async isRunning(runId) {
      asked++;
      const { running } = runs[runId]!;
      if (running instanceof Error) throw running;
      return running;
    },
  });
  await waitUntil(() => asked > 0, 'a round began');
  await sweeping.stop();
  return removed;
}

test('the folder of a run that ended elsewhere goes, and that of one that goes on stays', async () => {
  expect(await sweep({ going: { running: true, hours: 900 } })).toEqual([]);
  expect(await sweep({ ended: { running: false } })).toEqual(['ended']);
});

test('a run that Temporal does not know keeps its folder for a day', async () => {
  expect(await sweep({ young: { running: null, hours: 23 } })).toEqual([]);
  expect(await sweep({ old: { running: null, hours: 25 } })).toEqual(['old']);
});

test('what Temporal cannot be asked about stays', async () => {
  expect(await sweep({ hidden: { running: new Error('away'), hours: 900 } })).toEqual([]);
});
