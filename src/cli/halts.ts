import { describeHalt, type Halt } from '../domain/halt';
import { BadInputError } from './bad-input';
import type { CliContext, ExitCode } from './context';
import { withSigner } from './with-signer';
import { withStack } from './with-stack';
import { dateAndTime } from './words';

export type HaltTarget = { kind: 'run'; runId: string } | { kind: 'agent'; agent: string } | { kind: 'all' };

const HALT: Record<'pause' | 'resume' | 'stop', Halt> = { pause: 'paused', resume: 'none', stop: 'stopped' };

/** `gatehouse pause|resume|stop RUN`, `--agent NAME`, `--all`. */
export async function steer(
  context: CliContext,
  what: 'pause' | 'resume' | 'stop',
  target: HaltTarget,
  given: { reason?: string; by?: string },
): Promise<ExitCode> {
  const { terminal } = context;
  if (target.kind !== 'run' && what !== 'resume' && !given.reason?.trim())
    throw new BadInputError('halt-reason-missing', 'say with `--reason` why many runs are halted');
  return withSigner(context, given.by, async (commands, by) => {
    if (target.kind === 'run') {
      const command = { pause: commands.pauseRun, resume: commands.resumeRun, stop: commands.stopRun }[what];
      const { runId } = target;
      await command({ runId, by, reason: given.reason ?? 'asked on the command line' });
      if (terminal.isJson) terminal.printJson({ runId, requested: what });
      else terminal.print(`${what} was asked of run ${runId}`);
      return 0;
    }
    const asked = { halt: HALT[what], by, reason: given.reason ?? '' };
    const { isChanged, runsTold } = await (target.kind === 'agent'
      ? commands.haltAgent({ agent: target.agent, ...asked })
      : commands.haltOrganization(asked));
    const subject = target.kind === 'agent' ? `agent \`${target.agent}\`` : 'the organization';
    const state = { paused: 'paused', stopped: 'stopped', none: 'neither paused nor stopped' }[asked.halt];
    if (terminal.isJson)
      terminal.printJson({
        ...(target.kind === 'agent' ? { agent: target.agent } : {}),
        halt: asked.halt,
        isChanged,
        runsTold,
      });
    else
      terminal.print(
        `${subject} is ${isChanged ? 'now' : 'already'} ${state}; ${runsTold} open ${runsTold === 1 ? 'run was' : 'runs were'} told`,
      );
    return 0;
  });
}

/** `gatehouse halts`. */
export async function listHalts(context: CliContext): Promise<ExitCode> {
  const { terminal } = context;
  return withStack(context, async (commands) => {
    const { organization, agents } = await commands.listHalts();
    if (terminal.isJson) terminal.printJson({ organization, agents });
    else if (!organization && agents.length === 0)
      terminal.note('neither the organization nor an agent is paused or stopped');
    else
      for (const [name, halt] of [
        ...(organization ? [['', organization] as const] : []),
        ...agents.map(({ agent, ...view }) => [`${agent}: `, view] as const),
      ])
        terminal.print(
          `${name}${describeHalt(halt)}${halt.since === null ? '' : `, since ${dateAndTime(halt.since)}`}`,
        );
    return 0;
  });
}
