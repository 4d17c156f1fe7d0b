import { GatehouseError } from '../domain/errors';
import { type RunStatus, runStatuses } from '../domain/run';
import { visibleText } from '../domain/visible-text';
import type { CliContext, ExitCode } from './context';
import { table } from './table';
import { withStack } from './with-stack';
import { dateAndTime, duration, paintStatus } from './words';

export interface RunsOptions {
  status?: string;
  agent?: string;
  limit?: number;
}

/** `gatehouse runs`: the latest runs, and what waits for people. */
export async function runs(context: CliContext, { status, ...options }: RunsOptions): Promise<ExitCode> {
  const { terminal } = context;
  const { colours } = terminal;
  return withStack(context, async (commands) => {
    const [page, pending] = await Promise.all([
      commands.listRuns({ ...options, status: statusOf(status) }),
      commands.listPending(),
    ]);
    if (terminal.isJson) {
      terminal.printJson({ runs: page.runs, pending });
      return 0;
    }
    if (page.runs.length === 0) terminal.note('no runs yet; `gatehouse run AGENT --prompt TEXT` starts one');
    else
      terminal.print(
        table(
          page.runs,
          [
            { title: 'RUN', text: (run) => run.id },
            {
              title: 'STATUS',
              text: (run) => run.status,
              paint: (cell, run) => paintStatus(cell, run.status, colours),
            },
            { title: 'AGENT', text: (run) => visibleText(run.agent, 30) },
            { title: 'STARTED', text: (run) => dateAndTime(run.createdAt) },
            { title: 'TOOK', text: (run) => (run.endedAt ? duration(run.endedAt - run.createdAt) : '') },
            { title: 'PROMPT', text: (run) => visibleText(run.input.prompt, 60) },
          ],
          colours,
        ),
      );
    if (pending.approvals.length + pending.questions.length > 0) {
      terminal.print('');
      terminal.print(
        table(
          [
            ...pending.approvals.map(({ runId, id, tool }) => ({ runId, id, what: tool, how: 'approve' })),
            ...pending.questions.map(({ runId, id, question }) => ({
              runId,
              id,
              what: question,
              how: 'answer',
            })),
          ],
          [
            { title: 'WAITS', text: ({ runId }) => runId },
            { title: 'FOR', text: ({ what }) => visibleText(what, 60) },
            { title: 'SAY', text: ({ how, id }) => `gatehouse ${how} ${id}`, maxWidth: 200 },
          ],
          colours,
        ),
      );
    }
    return 0;
  });
}

function statusOf(text: string | undefined): RunStatus | undefined {
  if (text === undefined) return undefined;
  const status = text.toUpperCase().replaceAll('-', '_');
  if ((runStatuses as readonly string[]).includes(status)) return status as RunStatus;
  throw new GatehouseError(
    'status-unknown',
    `there is no status \`${visibleText(text, 40)}\`; there are ${runStatuses.join(', ')}`,
  );
}
