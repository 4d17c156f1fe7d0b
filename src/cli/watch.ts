import type { Commands } from '../commands/commands';
import type { RunEnd } from '../commands/watch-run';
import type { RunEvent } from '../domain/events';
import { visibleLines } from '../domain/visible-text';
import type { ExitCode } from './context';
import { approvalLines, eventLines } from './event-lines';
import type { Terminal } from './terminal';
import { paintStatus } from './words';

/**
 * Shows a run as it goes, and its end: with JSON an object a line, the last one `{runId, status, text}`.
 *
 * @returns 0 only when the run completed
 */
export async function showWatched(
  commands: Pick<Commands, 'watchRun' | 'listPending'>,
  runId: string,
  terminal: Terminal,
): Promise<ExitCode> {
  const watching = new AbortController();
  const leave = () => watching.abort();
  process.once('SIGINT', leave);
  try {
    const events = commands.watchRun({ runId, signal: watching.signal });
    let step = await events.next();
    for (; !step.done; step = await events.next()) await show(step.value);
    return end(step.value);
  } finally {
    process.removeListener('SIGINT', leave);
  }

  async function show(event: RunEvent): Promise<void> {
    if (terminal.isJson) return terminal.printJson(event);
    terminal.print(eventLines(event, terminal.colours));
    if (event.type !== 'approval' || event.data.outcome !== 'pending') return;
    const { approvals } = await commands.listPending(runId);
    const approval = approvals.find(({ id }) => id === event.data.approvalId);
    if (approval) terminal.print(approvalLines(approval, terminal.colours));
  }

  function end(ended: RunEnd | null): ExitCode {
    if (ended === null) {
      terminal.note(`the run goes on; \`gatehouse show ${runId}\` tells how it is doing`);
      return 1;
    }
    const { status, text } = ended;
    if (terminal.isJson) terminal.printJson({ runId, status, text });
    else {
      terminal.print(`\n${paintStatus(status, status, terminal.colours)}  ${runId}`);
      if (text) terminal.print(visibleLines(text));
    }
    return status === 'COMPLETED' ? 0 : 1;
  }
}
