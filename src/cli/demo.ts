import { join } from 'node:path';
import { type Commands, openCommands } from '../commands/commands';
import { requireRepository } from '../commands/require-repository';
import type { RunEnd } from '../commands/watch-run';
import { hostEnvironment } from '../config';
import { findProgram } from '../embedded/programs';
import type { CliContext, ExitCode } from './context';
import { answerForDemo, askingPeople, type DemoPeople, type DemoRun } from './demo-people';
import { printReport } from './demo-report';
import { exampleRepository } from './demo-repository';
import { approvalLines, eventLines } from './event-lines';
import { repositoryAt } from './repository-at';
import { start } from './up';

export interface DemoOptions {
  /** Answers questions and approvals itself, stops everything at the end. */
  yes: boolean;
  /** Any git repository instead of the example's; it is cloned, never written to. */
  repo?: string;
}

const EXAMPLE = {
  agent: 'demo',
  prompt: 'Bring this repository in line with our policies, one finding at a time.',
};
const ANY_REPOSITORY = {
  agent: 'any-repository',
  prompt: 'Survey this repository and propose your notes as a pull request.',
};

/**
 * The main job, end to end: everything is brought up, an agent works on a repository, every call is decided, a person
 * is asked, and a pull request is opened.
 */
export async function runDemo(context: CliContext, options: DemoOptions): Promise<ExitCode> {
  const { terminal, dataDir, user } = context;
  const asked = options.repo === undefined ? null : repositoryAt(options.repo);
  // Said before the first start builds its servers; git itself may still have to be installed.
  if (asked !== null && (await findProgram('git', hostEnvironment()))) await requireRepository(asked);
  const isAttended = terminal.isInteractive && !options.yes;
  const gatehouse = await start(context, { yes: options.yes });
  const interrupted = new AbortController();
  const onInterrupt = () => interrupted.abort();
  process.once('SIGINT', onInterrupt);
  process.once('SIGTERM', onInterrupt);
  try {
    const { commands, close } = await openCommands(gatehouse.addresses);
    try {
      const job = asked === null ? EXAMPLE : ANY_REPOSITORY;
      const repo = asked ?? (await exampleRepository(join(dataDir, 'demo')));
      const { runId, workflowId } = await commands.startRun({ ...job, repo, requestedBy: user });
      const { temporalUi, namespace } = gatehouse.addresses;
      const uiLink = temporalUi && `${temporalUi}namespaces/${namespace}/workflows/${workflowId}`;
      introduce(context, { ...job, repo, uiLink });
      const people = isAttended ? askingPeople(terminal, interrupted.signal) : answerForDemo(terminal);
      const end = await follow(context, commands, { runId, by: user }, people, interrupted.signal);
      if (end === null) {
        terminal.note(
          '\ninterrupted; `npx gatehouse up` lets this run go on, `npx gatehouse runs` in another terminal shows what it waits for',
        );
        return 1;
      }
      await printReport({ terminal, commands, runId, workflowId, end, dataDir, uiLink });
      if (isAttended) {
        terminal.note('\neverything stays up for you to look around; Ctrl-C stops it');
        await untilAborted(interrupted.signal);
      } else if (uiLink && !terminal.isJson) {
        terminal.print(
          `\nTo look at this run in the Temporal UI:  npx gatehouse up\nthen open                                ${uiLink}`,
        );
      }
      return end.status === 'COMPLETED' ? 0 : 1;
    } finally {
      await close();
    }
  } finally {
    process.removeListener('SIGINT', onInterrupt);
    process.removeListener('SIGTERM', onInterrupt);
    await gatehouse.stop();
  }
}

/** Prints the timeline and has people asked when the run asks. @returns null when interrupted */
async function follow(
  { terminal }: CliContext,
  commands: Commands,
  run: DemoRun,
  people: DemoPeople,
  signal: AbortSignal,
): Promise<RunEnd | null> {
  const events = commands.watchRun({ runId: run.runId, signal });
  let step = await events.next();
  for (; !step.done; step = await events.next()) {
    const event = step.value;
    if (terminal.isJson) terminal.printJson(event);
    else terminal.print(eventLines(event, terminal.colours));
    if (event.type === 'question') await people.answer(commands, run, event.data);
    if (event.type === 'approval' && event.data.outcome === 'pending') {
      const { approvals } = await commands.listPending(run.runId);
      const approval = approvals.find(({ id }) => id === event.data.approvalId);
      if (!approval) continue;
      if (!terminal.isJson) terminal.print(approvalLines(approval, terminal.colours));
      await people.decide(commands, run, approval);
    }
  }
  return step.value;
}

function introduce(
  { terminal }: CliContext,
  about: { agent: string; prompt: string; repo: string; uiLink: string | null },
): void {
  if (terminal.isJson) return;
  const { bold, dim } = terminal.colours;
  terminal.print(bold('\nAn agent, a repository, and a gate between them\n'));
  terminal.print(`agent        ${about.agent}`);
  terminal.print(`asked to     ${about.prompt}`);
  terminal.print(`repository   ${about.repo}`);
  if (about.uiLink) terminal.print(`Temporal UI  ${about.uiLink}`);
  terminal.print(dim('\ntime      kind      what\n'));
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolveWait) => {
    if (signal.aborted) resolveWait();
    // Keeps the process alive: a listener alone does not.
    const alive = setInterval(() => undefined, 60_000);
    signal.addEventListener('abort', () => {
      clearInterval(alive);
      resolveWait();
    });
  });
}
