import { Argument } from 'commander';
import type { CommandLine } from '../command-line';

/** Shell completion, made from this very tree of commands. */
export function addCompletionCommand({ program, add, carryOut }: CommandLine): void {
  const completion = add(
    program,
    'completion',
    'print what makes a shell complete these commands: source it',
  );
  completion
    .addArgument(new Argument('<shell>', 'your shell').choices(['bash', 'zsh', 'fish']))
    .action((shell, options) =>
      carryOut(options, (context) => load.completion().printCompletion(context, program, shell)),
    );
  program
    .command('complete-ids <kind>', { hidden: true })
    .action((kind) => carryOut({}, (context) => load.completion().printIds(context, kind)));
}

const load = { completion: () => require('../completion') as typeof import('../completion') };
