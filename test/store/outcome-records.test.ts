import { outcomeRecords } from '../../src/store/outcome-records';

test('a refused connection is kept in the audit with its call and reason', () => {
  const data = { callId: 'c1', host: 'evil.example', port: 443, reason: 'host' as const };
  expect(outcomeRecords([{ type: 'egress', data }], 5)).toEqual([
    { key: 'egress:c1:evil.example:443', kind: 'egress', body: data, at: 5 },
  ]);
});

test('one that a run told before calls were named in it is not', () => {
  expect(outcomeRecords([{ type: 'egress', data: { host: 'evil.example', port: 443 } }], 5)).toEqual([]);
});
