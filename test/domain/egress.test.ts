import { believableRefusals, MAX_REFUSED_OF_CALL } from '../../src/domain/egress';

const refused = { callId: 'c1', host: 'example.com', port: 443, reason: 'host' };

test('refusals are taken as they are told, each once', () => {
  const other = { callId: 'c2', host: 'example.com', port: 443 };
  expect(believableRefusals([refused, { ...refused, reason: 'port' }, other], ['c1', 'c2'])).toEqual([
    refused,
    other,
  ]);
});

test.each([
  ['no list', { length: 3 }],
  ['nothing', undefined],
  ['what is no refusal', [null, 'x', 1, []]],
  ['another call', [{ ...refused, callId: 'c9' }]],
  ['an endless name', [{ ...refused, host: 'x'.repeat(254) }]],
  ['no name', [{ ...refused, host: '' }]],
  [
    'no port',
    [
      { ...refused, port: 65_536 },
      { ...refused, port: 0.5 },
      { ...refused, port: '443' },
    ],
  ],
  ['a reason that is none of ours', [{ ...refused, reason: 'toString' }]],
])('what a sandbox worker makes up is not taken: %s', (_, said) => {
  expect(believableRefusals(said, ['c1'])).toEqual([]);
});

test('a sandbox worker cannot fill a run with refusals, nor hide more in them', () => {
  const many = Array.from({ length: 1_000 }, (_, index) => ({
    ...refused,
    port: index,
    more: 'x'.repeat(9),
  }));
  const taken = believableRefusals(many, ['c1', 'c2']);
  expect(taken).toHaveLength(MAX_REFUSED_OF_CALL);
  expect(Object.keys(taken[0] ?? {})).toEqual(['callId', 'host', 'port', 'reason']);
});
