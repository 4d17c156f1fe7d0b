import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultDataConverter } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { compareHistory } from '../../src/audit/compare-history';
import { digestOf } from '../../src/audit/history-digest';
import { stepsOf } from '../../src/commands/run-history';

async function recorded(name: string) {
  const text = readFileSync(join(__dirname, `../histories/${name}.json`), 'utf8');
  const { events } = temporal.api.history.v1.History.fromObject(JSON.parse(text));
  return digestOf(name, {
    events: events!.length,
    steps: await stepsOf(events as Parameters<typeof stepsOf>[0], defaultDataConverter),
  });
}

test('a history tells each decision in order, and the grants that were executed', async () => {
  const digest = await recorded('approved');
  expect(digest.decisions.map(({ callId, verdict }) => `${callId} ${verdict}`)).toEqual([
    't1c1 allow',
    't2c1 ask',
    't2c1 allow',
  ]);
  expect(digest.grants.map(({ calls }) => calls.map(({ callId, tool }) => `${callId} ${tool}`))).toEqual([
    ['t1c1 read-file'],
    ['t2c1 deploy'],
  ]);
});

test('records that say the same agree, and more of them do no harm', async () => {
  const digest = await recorded('approved');
  const tools = new Map(
    digest.grants.flatMap(({ calls }) => calls.map(({ callId, tool }) => [callId, tool])),
  );
  const records = digest.decisions.map(({ callId, verdict, argsHash }) => ({
    callId,
    verdict,
    argsHash: argsHash!,
    tool: tools.get(callId)!,
    isGranted: verdict === 'allow',
  }));
  expect(compareHistory(records, digest)).toEqual([]);
  expect(compareHistory([...records, { ...records[0]!, callId: 't9c1' }], digest)).toEqual([]);
  expect(compareHistory(records.toReversed(), digest)).toEqual([
    "Temporal's history decides `allow` on call `t2c1`, and the records say `allow`, `ask`",
  ]);
  expect(
    compareHistory(
      records.map((each) => ({ ...each, isGranted: false })),
      digest,
    ),
  ).toHaveLength(2);
});

test('what cannot be read in a history is found, not passed over', () => {
  const digest = digestOf('forged', {
    events: 2,
    steps: [
      { activity: 'gate', input: [], result: { calls: 'none' } },
      { activity: 'gate', input: [], result: undefined },
      { activity: 'executeTool', input: [{ grant: 'no token' }], result: undefined },
    ],
  });
  expect(compareHistory([], digest)).toEqual([
    "Temporal's history decides `unknown` on call `unreadable`, and no record does",
    expect.stringMatching(/^grant `[0-9a-f]{64}` in Temporal's history lets `unknown` run/),
  ]);
});
