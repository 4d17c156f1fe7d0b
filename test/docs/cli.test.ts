import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { createProgram } from '../../src/cli/program';

const program = createProgram(async () => undefined);

test('docs/cli.md has one line for every command, in its own words', () => {
  const page = readFileSync(join(__dirname, '../../docs/cli.md'), 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('| `gatehouse '));
  expect(rows).toEqual(commandsOf(program, 'gatehouse').map(([usage, text]) => `| \`${usage}\` | ${text} |`));
});

function commandsOf(command: Command, prefix: string): [string, string][] {
  return command
    .createHelp()
    .visibleCommands(command)
    .flatMap((child): [string, string][] => {
      if (child.name() === 'help') return [];
      const usage = `${prefix} ${child.name()}`;
      if (child.commands.length > 0) return commandsOf(child, usage);
      const names = child.registeredArguments.map((argument) => {
        const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
        return argument.required ? `<${name}>` : `[${name}]`;
      });
      return [[[usage, ...names].join(' '), child.description()]];
    });
}
