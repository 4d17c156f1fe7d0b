import type { Command } from 'commander';
import type { CommandLine } from '../command-line';
import { duration } from '../command-line';
import type { HaltTarget } from '../halts';

/** Pause, resume, stop, and break-glass. */
export function addHaltCommands({ program, add, carryOut }: CommandLine): void {
  const steering = {
    pause: 'hold runs before their next step, until they are resumed',
    resume: 'let what was paused or stopped go on',
    stop: 'stop runs for good: a run, or those of an agent or all, and refuse new ones',
  } as const;
  for (const what of ['pause', 'resume', 'stop'] as const)
    add(program, `${what} [run]`, steering[what])
      .option('--agent <name>', 'all runs of this agent')
      .option('--all', 'all runs of the organization')
      .option('--reason <text>', what === 'resume' ? 'why' : 'why; needed with --agent and --all')
      .option('--by <name>', 'who you are')
      .action((run, { agent, all, reason, by, ...options }, command: Command) => {
        const target = targetOf(command, { run, agent, all });
        return carryOut(options, (context) => load.halts().steer(context, what, target, { reason, by }));
      });
  add(program, 'halts', 'what is paused or stopped now, and why').action((options) =>
    carryOut(options, (context) => load.halts().listHalts(context)),
  );

  const breakGlass = program
    .command('break-glass')
    .description('in an emergency: for a while, one person’s approval is enough');
  add(breakGlass, 'request', 'ask that your approvals be enough; a second person confirms')
    .requiredOption('--reason <text>', 'what the emergency is')
    .option('--agent <name>', 'only for runs of this agent')
    .option('--run <run>', 'only for this run')
    .option('--for <time>', 'how long, at most 4h', duration, 30 * 60_000)
    .option('--by <name>', 'who you are')
    .action(({ reason, agent, run, for: durationMs, by, ...options }, command: Command) => {
      if (agent !== undefined && run !== undefined) command.error('error: name an agent or a run, not both');
      return carryOut(options, (context) =>
        load.breakGlass().requestBreakGlass(context, { reason, agent, run, durationMs, by }),
      );
    });
  for (const [what, description] of [
    ['confirm', 'confirm what somebody else asked for: it is active from then on'],
    ['end', 'end it before its time'],
  ] as const)
    add(breakGlass, `${what} <id>`, description)
      .option('--by <name>', 'who you are')
      .action((id, { by, ...options }) =>
        carryOut(options, (context) => load.breakGlass().sayToBreakGlass(context, what, id, by)),
      );
  add(breakGlass, 'list', 'those of the organization, newest first').action((options) =>
    carryOut(options, (context) => load.breakGlass().listBreakGlass(context)),
  );
}

/** Exactly one of a run, an agent and all. */
function targetOf(
  command: Command,
  { run, agent, all }: { run?: string; agent?: string; all?: boolean },
): HaltTarget {
  const named = [run !== undefined, agent !== undefined, all === true].filter(Boolean).length;
  if (named === 0) command.error("error: missing required argument 'run', or --agent or --all");
  if (named > 1) command.error('error: name a run, --agent or --all, not several');
  if (run !== undefined) return { kind: 'run', runId: run };
  return agent === undefined ? { kind: 'all' } : { kind: 'agent', agent };
}

const load = {
  halts: () => require('../halts') as typeof import('../halts'),
  breakGlass: () => require('../break-glass') as typeof import('../break-glass'),
};
