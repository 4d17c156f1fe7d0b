import type { Commands } from '../commands/commands';
import { catalogueOf } from '../tools/catalogue';
import type { Tool } from '../tools/tool';

/** The stored agents, and the tools that rules for them may name: the built-in ones and all that agents declare. */
export async function agentsAndTools(commands: Pick<Commands, 'listAgents'>) {
  const agents = (await commands.listAgents()).map(({ definition }) => definition);
  const declared = new Map(agents.flatMap((agent) => agent.tools).map((tool) => [tool.name, tool]));
  const tools: Tool[] = [...catalogueOf([...declared.values()], 'replace').values()];
  return { agents, tools };
}
