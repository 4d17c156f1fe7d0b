import { readRunInput } from '../../src/policy/run-input';

const input = { runId: 'r1', organizationId: 'local', agent: 'demo', prompt: 'fix it', requestedBy: 'ada' };
const read = (given: unknown) => readRunInput(given, 'run-r1');

test('what is given comes back, and null counts as absent', () => {
  const narrow = { tier: 0, maxTurns: 3, requiresApproval: { prCreation: true } };
  expect(read({ ...input, attachments: ['a'], repo: '/r', narrow })).toEqual({
    ...input,
    attachments: ['a'],
    repo: '/r',
    narrow,
  });
  expect(read({ ...input, attachments: null, repo: null, narrow: null })).toEqual(input);
});

test.each<[string, unknown, RegExp]>([
  ['nothing', undefined, /expected object, received undefined$/],
  ['a text', 'x', /expected object, received string$/],
  ['no requester', { ...input, requestedBy: undefined }, /`requestedBy` invalid input: expected string/],
  ['an agent as an object', { ...input, agent: { name: 'demo' } }, /`agent` invalid input: expected string/],
  ['a prompt of blanks', { ...input, prompt: ' \n' }, /`prompt` is empty; it says what to do$/],
  ['a NUL character', { ...input, attachments: ['a\0'] }, /`attachments\.0` holds a NUL character/],
  ['half a character', { ...input, prompt: 'a\ud800' }, /`prompt` holds .* half a character$/],
  ['an unknown key', { ...input, 'repo\u001b': 'x' }, /has unknown keys: `repo\\u\{1b\}`$/],
  [
    'a tightening nobody knows',
    { ...input, narrow: { maxturns: 1 } },
    /`narrow` has unknown keys: `maxturns`$/,
  ],
  ['limits below one', { ...input, narrow: { maxTurns: 0 } }, /`narrow\.maxTurns` /],
  ['another run’s id', { ...input, runId: 'r2' }, /the workflow of run `r2` is `run-r2`, not this one$/],
])('%s is refused with what is wrong', (_name, given, message) => {
  expect(() => read(given)).toThrow(expect.objectContaining({ code: 'input-malformed' }));
  expect(() => read(given)).toThrow(message);
});

test.each([
  '../x',
  'a/b',
  'a b',
  '.a',
  'a..b',
  'a.',
  'a.lock',
  'é',
  'x'.repeat(201),
])('`%s` is no run id: it could not name a folder and a branch', (runId) => {
  expect(() => readRunInput({ ...input, runId }, `run-${runId}`)).toThrow(
    expect.objectContaining({ code: 'run-id-malformed' }),
  );
});
