import { JUDGED_CALLS, REFUSED_CALLS } from '../../src/sandbox/system-calls';
import { systemCallNumbers } from './support/system-call-numbers';

test.each(
  Object.entries({ ...REFUSED_CALLS, ...JUDGED_CALLS }),
)('the filter knows %s by the numbers that the kernel gives it on both processors', (name, numbers) =>
  expect(numbers).toEqual(systemCallNumbers.get(name)));
