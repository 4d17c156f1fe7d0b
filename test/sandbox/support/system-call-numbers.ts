import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** By name, on x86-64 and 64-bit ARM, as the kernel's headers give them. */
export const systemCallNumbers = new Map(
  readFileSync(join(__dirname, '../fixtures/system-calls.tsv'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [name = '', ...numbers] = line.split('\t');
      return [name, numbers.map((number) => (number === '-' ? null : Number(number)))];
    }),
);
