import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { temporal } from '@temporalio/proto';
import {
  bundleWorkflowCode,
  DefaultLogger,
  makeTelemetryFilterString,
  Runtime,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';

const FOLDER = join(__dirname, '../histories');
const WORKFLOWS = join(__dirname, '../../workflows');
const files = readdirSync(FOLDER).sort();

function textOf(file: string): string {
  const content = readFileSync(join(FOLDER, file));
  return (file.endsWith('.gz') ? gunzipSync(content) : content).toString('utf8');
}

async function replay(workflowBundle: WorkflowBundleWithSourceMap): Promise<Map<string, Error | undefined>> {
  const histories = files.map((file) => ({
    workflowId: `run-${file.replace(/(-second)?\.json(\.gz)?$/, '')}`,
    // Enumerations stand there by name, which the SDK's own reading takes for none.
    history: temporal.api.history.v1.History.fromObject(JSON.parse(textOf(file))),
  }));
  const errors = new Map<string, Error | undefined>();
  let index = 0;
  for await (const { error } of Worker.runReplayHistories({ workflowBundle }, histories))
    errors.set(files[index++]!, error);
  return errors;
}

/** Ids of the changes that a run took part in, as its markers say. */
function changesIn(file: string): string[] {
  const { events } = temporal.api.history.v1.History.fromObject(JSON.parse(textOf(file)));
  return events.flatMap(({ markerRecordedEventAttributes: marker }) =>
    marker?.markerName === 'core_patch'
      ? JSON.parse(Buffer.from(marker.details?.['patch-data']?.payloads?.[0]?.data ?? '{}').toString()).id
      : [],
  );
}

const bundle = (path: string) =>
  bundleWorkflowCode({ workflowsPath: require.resolve(path), logger: new DefaultLogger('ERROR') });

beforeAll(() => {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    shutdownSignals: [],
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }) } },
  });
});
afterAll(() => Runtime.instance().shutdown());

test('every recorded history replays on the workflow as it is', async () => {
  const errors = await replay(await bundle('../../workflows/workflows'));
  expect(Object.fromEntries(errors)).toEqual(Object.fromEntries(files.map((file) => [file, undefined])));
});

test('a workflow that takes its steps in another order does not replay', async () => {
  const errors = await replay(await bundle('./fixtures/reordered'));
  for (const file of files.filter((each) => !each.includes('-second')))
    expect([file, errors.get(file)]).toEqual([file, expect.any(DeterminismViolationError)]);
});

test('each change of the order of steps is in a recorded history, and in some is none', () => {
  const changes = readdirSync(WORKFLOWS).flatMap((file) =>
    [...readFileSync(join(WORKFLOWS, file), 'utf8').matchAll(/\bpatched\('([^']+)'\)/g)].map(([, id]) => id),
  );
  const recorded = files.map(changesIn);
  expect(new Set(recorded.flat())).toEqual(new Set(changes));
  // Of runs that began before any: their branches are replayed too.
  expect(recorded.filter((each) => each.length === 0).length).toBeGreaterThan(10);
});

test('histories of every way a run can go are there, small, and of no particular machine', () => {
  const names = files.map((file) => file.split('.')[0]);
  expect(names).toEqual(
    expect.arrayContaining([
      'approved',
      'break-glass',
      'budget-exceeded',
      'cancelled',
      'continue-as-new',
      'continue-as-new-second',
      'decided-behind-a-question',
      'denied',
      'denied-and-gated-again',
      'edited',
      'expired',
      'failed',
      'halt-found-by-gate',
      'halted',
      'lost-host',
      'passes',
      'passes-second',
      'probed-after-loss',
      'program-question',
      'question',
      'reminded-and-escalated',
      'stopped-at-its-end',
      'stopped-while-executing',
      'topped-up',
    ]),
  );
  for (const file of files) {
    expect(readFileSync(join(FOLDER, file)).length).toBeLessThan(150_000);
    const payloads: string[] = [];
    const text = JSON.stringify(JSON.parse(textOf(file)), (key, value) => {
      if (key === 'data' && typeof value === 'string') payloads.push(Buffer.from(value, 'base64').toString());
      return value;
    });
    const paths = [text, ...payloads]
      .flatMap((each) => each.match(/\/(?:home|root|tmp|work|Users|usr|var)\/[^"'\\\s]*/g) ?? [])
      .filter((path) => path !== '/tmp/gatehouse-example/repository');
    expect([file, paths]).toEqual([file, []]);
  }
});
