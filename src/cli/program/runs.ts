import { type CommandLine, positive } from '../command-line';

/** Runs: starting them and looking at them. */
export function addRunCommands({ program, add, carryOut }: CommandLine): void {
  add(program, 'run <agent>', 'start a run of a stored agent, or of an agent file')
    .requiredOption('--prompt <text>', 'what to do')
    .option('--repo <path>', 'git repository to work on; it is cloned')
    .option('--watch', 'show the run until it has ended')
    .option('--key <text>', 'start the run once, however often this is said')
    .action((agent, options) => carryOut(options, (context) => load.run().run(context, agent, options)));

  add(program, 'runs', 'the latest runs, and what waits for people')
    .option('--status <status>', 'only those in this status')
    .option('--agent <name>', 'only those of this agent')
    .option('--limit <number>', 'how many, at most 200', positive, 20)
    .action((options) => carryOut(options, (context) => load.runs().runs(context, options)));

  add(program, 'show <run>', 'everything that is known of a run').action((run, options) =>
    carryOut(options, (context) => load.show().show(context, run)),
  );
}

const load = {
  run: () => require('../run') as typeof import('../run'),
  runs: () => require('../runs') as typeof import('../runs'),
  show: () => require('../show') as typeof import('../show'),
};
