import { tierName } from '../domain/tier';
import { checkAgentFile, importAgent } from '../embedded/import-agent';
import type { CliContext, ExitCode } from './context';
import { table } from './table';
import { artifactsOf, withStack } from './with-stack';
import { dateAndTime } from './words';

/** `gatehouse agents list`. */
export async function listAgents(context: CliContext): Promise<ExitCode> {
  const { terminal } = context;
  return withStack(context, async (commands) => {
    const agents = await commands.listAgents();
    if (terminal.isJson)
      terminal.printJson(
        agents.map(({ version, updatedAt, definition }) => ({
          ...definition,
          tier: tierName(definition.tier),
          version,
          updatedAt,
        })),
      );
    else if (agents.length === 0) terminal.note('no agents yet; `gatehouse agents apply FILE` stores one');
    else
      terminal.print(
        table(
          agents,
          [
            { title: 'AGENT', text: ({ definition }) => definition.name },
            { title: 'TIER', text: ({ definition }) => tierName(definition.tier) },
            { title: 'MODEL', text: ({ definition }) => definition.model.replace(/@[0-9a-f]{64}$/, '') },
            { title: 'VERSION', text: ({ version }) => String(version) },
            { title: 'SINCE', text: ({ updatedAt }) => dateAndTime(updatedAt) },
          ],
          terminal.colours,
        ),
      );
    return 0;
  });
}

/** `gatehouse agents check FILE`: needs no stack. */
export async function checkAgent({ terminal }: CliContext, file: string): Promise<ExitCode> {
  const { name, tier } = await checkAgentFile(file);
  if (terminal.isJson) terminal.printJson({ file, agent: name, tier: tierName(tier) });
  else terminal.print(`${file}: agent \`${name}\` (${tierName(tier)}) is well formed`);
  return 0;
}

/** `gatehouse agents apply FILE`. */
export async function applyAgent(context: CliContext, file: string): Promise<ExitCode> {
  const { terminal, user } = context;
  return withStack(context, async (commands, stack) => {
    const applied = await commands.applyAgent(await importAgent(file, artifactsOf(stack)), user);
    if (terminal.isJson) terminal.printJson(applied);
    else
      terminal.print(
        `agent \`${applied.name}\` is ${applied.isChanged ? 'now' : 'already'} version ${applied.version}`,
      );
    return 0;
  });
}
