import type { Commands } from '../commands/commands';
import { checkAgentFile, importAgent } from '../embedded/import-agent';
import type { CliContext, ExitCode } from './context';
import { repositoryAt } from './repository-at';
import { showWatched } from './watch';
import { artifactsOf, type FoundStack, withStack } from './with-stack';

export interface RunOptions {
  prompt: string;
  repo?: string;
  watch?: boolean;
  key?: string;
}

/** `gatehouse run AGENT`: starts a run, and watches it when asked to. */
export async function run(context: CliContext, agentOrFile: string, options: RunOptions): Promise<ExitCode> {
  const { terminal } = context;
  const repo = options.repo === undefined ? undefined : repositoryAt(options.repo);
  return withStack(context, async (commands, stack) => {
    const { prompt, key: idempotencyKey } = options;
    const { user: requestedBy } = context;
    const asked = (agent: string) => ({ agent, prompt, repo, requestedBy, idempotencyKey });
    if (isFile(agentOrFile)) await commands.checkStart(asked((await checkAgentFile(agentOrFile)).name));
    const agent = await nameOf(agentOrFile, context, commands, stack);
    const { runId, workflowId, isNew, isPaused } = await commands.startRun(asked(agent));
    if (!isNew) terminal.note('this key started the run before; it was not started again');
    if (isPaused) terminal.note('it is paused and waits: `gatehouse halts` says why');
    if (terminal.isJson) terminal.printJson({ runId, workflowId });
    else if (!options.watch) terminal.print(runId);
    if (stack.temporalUi)
      terminal.note(`${stack.temporalUi}namespaces/${stack.address.namespace}/workflows/${workflowId}`);
    if (options.watch) return showWatched(commands, runId, terminal);
    terminal.note(`\`gatehouse show ${runId}\` tells how it is doing`);
    return 0;
  });
}

/** A file's agent is applied first, so that what runs is what is stored. */
async function nameOf(
  agentOrFile: string,
  { terminal, user }: CliContext,
  commands: Commands,
  stack: FoundStack,
): Promise<string> {
  if (!isFile(agentOrFile)) return agentOrFile;
  const { name, version, isChanged } = await commands.applyAgent(
    await importAgent(agentOrFile, artifactsOf(stack)),
    user,
  );
  if (isChanged) terminal.note(`agent \`${name}\` is now version ${version}`);
  return name;
}

/** Agent names hold no slash, and none should end like a file. */
function isFile(text: string): boolean {
  return text.includes('/') || /\.ya?ml$/.test(text);
}
