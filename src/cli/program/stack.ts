import type { CommandLine } from '../command-line';

/** The stack itself, and what stands before a first run. */
export function addStackCommands({ program, add, carryOut }: CommandLine): void {
  add(program, 'up', 'bring up servers and workers, until Ctrl-C')
    .option('--yes', 'install missing programs without asking')
    .action((options) => carryOut(options, (context) => load.up().up(context, options)));

  add(program, 'init', 'write a small agent, model and policy into the current folder').action((options) =>
    carryOut(options, (context) => load.init().init(context, '.')),
  );

  add(program, 'doctor', 'look at everything a run needs').action((options) =>
    carryOut(options, (context) => load.doctor().doctor(context)),
  );

  add(program, 'demo', 'an agent, a repository, a question, an approval and a pull request')
    .option('--yes', 'answer everything, then stop')
    .option('--repo <path>', 'another git repository to work on; it is cloned')
    .action(({ yes = false, repo, ...options }) =>
      carryOut(options, (context) => load.demo().runDemo(context, { yes, repo })),
    );
}

const load = {
  demo: () => require('../demo') as typeof import('../demo'),
  doctor: () => require('../doctor') as typeof import('../doctor'),
  init: () => require('../init') as typeof import('../init'),
  up: () => require('../up') as typeof import('../up'),
};
