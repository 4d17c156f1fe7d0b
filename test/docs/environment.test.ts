import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { variables } from '../../src/config';

/** What every process has, and what nobody sets for us. */
const OF_THE_SHELL = ['HOME', 'PATH', 'XDG_CACHE_HOME'];

test('docs/operators.md has every variable that a process of ours reads', () => {
  const page = readFileSync(join(__dirname, '../../docs/operators.md'), 'utf8');
  const isThere = (name: string) => new RegExp(`\\b${name}\\b`).test(page);
  expect(variables.filter((name) => !OF_THE_SHELL.includes(name) && !isThere(name))).toEqual([]);
});
