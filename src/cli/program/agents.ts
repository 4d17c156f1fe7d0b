import type { CommandLine } from '../command-line';

/** The agents of the organization. */
export function addAgentCommands({ program, add, carryOut }: CommandLine): void {
  const agents = program.command('agents').description('the agents of the organization');
  add(agents, 'list', 'those that are stored').action((options) =>
    carryOut(options, (context) => load.agents().listAgents(context)),
  );
  add(agents, 'check <file>', 'say whether an agent file is well formed').action((file, options) =>
    carryOut(options, (context) => load.agents().checkAgent(context, file)),
  );
  add(agents, 'apply <file>', 'store the agent of a file').action((file, options) =>
    carryOut(options, (context) => load.agents().applyAgent(context, file)),
  );
}

const load = {
  agents: () => require('../agents') as typeof import('../agents'),
};
