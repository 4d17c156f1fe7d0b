import {
  DEFAULT_PEOPLE_SETTINGS,
  peopleSettings,
  readPeopleSettings,
} from '../../src/domain/people-settings';
import { topUpProblem } from '../../src/domain/top-up';

test('settings that are given replace only themselves', () => {
  const escalation = { afterMs: 7, role: 'lead' };
  const changed = readPeopleSettings({ escalation, remindAfterMs: [9, 3, 9] }, DEFAULT_PEOPLE_SETTINGS);
  expect(changed).toEqual({ ...DEFAULT_PEOPLE_SETTINGS, escalation, remindAfterMs: [3, 9] });
  expect(readPeopleSettings({ escalation: null }, changed)).toEqual({ ...changed, escalation: null });
  expect(peopleSettings(JSON.parse(JSON.stringify(changed)))).toEqual(changed);
});

test.each([
  [null, 'an object'],
  [{ remindAfter: [1] }, '`remindAfter`'],
  [{ remindAfterMs: [0] }, '`remindAfterMs`'],
  [{ remindAfterMs: Array(11).fill(1) }, '`remindAfterMs`'],
  [{ escalation: { afterMs: 1 } }, '`escalation`'],
  [{ escalation: { afterMs: 1, role: ' ' } }, '`escalation`'],
  [{ escalation: { afterMs: 1, role: 'x', more: 1 } }, '`escalation`'],
  [{ isSingleOperator: 'yes' }, '`isSingleOperator`'],
])('settings %j are refused, naming %s', (given, named) => {
  expect(() => readPeopleSettings(given, DEFAULT_PEOPLE_SETTINGS)).toThrow(named);
});

test('stored settings that are malformed count as not there', () => {
  expect(peopleSettings({ remindAfterMs: 'soon', escalation: { afterMs: -1 }, isSingleOperator: 1 })).toEqual(
    DEFAULT_PEOPLE_SETTINGS,
  );
});

test.each([
  null,
  [],
  'more',
  {},
  { maxMoney: 1 },
  { maxTurns: 0 },
  { maxTurns: 1.5 },
  { maxTurns: '2' },
])('a top-up of %j is none', (amounts) => {
  expect(topUpProblem(amounts)).toEqual(expect.any(String));
});

test('a top-up adds whole numbers to limits that there are', () => {
  expect(topUpProblem({ maxTurns: 2, maxTokens: 1_000 })).toBeNull();
});
