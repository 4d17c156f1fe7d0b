import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { JUDGED_CALLS, REFUSED_CALLS } from '../../src/sandbox/system-calls';

/** By name, on x86-64 and 64-bit ARM. */
const kernel = new Map(
  readFileSync(join(__dirname, 'fixtures/system-calls.tsv'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [name = '', ...numbers] = line.split('\t');
      return [name, numbers.map((number) => (number === '-' ? null : Number(number)))];
    }),
);

test.each(
  Object.entries({ ...REFUSED_CALLS, ...JUDGED_CALLS }),
)('the filter knows %s by the numbers that the kernel gives it on both processors', (name, numbers) =>
  expect(numbers).toEqual(kernel.get(name)));
