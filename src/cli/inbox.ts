import { actedOn } from '../commands/acted-on';
import type { Commands } from '../commands/commands';
import type { PendingForPeople } from '../commands/list-pending';
import { visibleText } from '../domain/visible-text';
import { actedOnLines } from './acted-on-lines';
import type { CliContext, ExitCode } from './context';
import { approvalLines } from './event-lines';
import { table } from './table';
import type { Terminal } from './terminal';
import { artifactsOf, withStack } from './with-stack';
import { dateAndTime } from './words';

/** How often a watched inbox looks again. */
const WATCH_MS = 1_000;

/** `gatehouse inbox`: what waits for people, across runs; with `--watch` whatever comes, until Ctrl-C. */
export async function inbox(context: CliContext, { watch = false }: { watch?: boolean }): Promise<ExitCode> {
  const { terminal } = context;
  return withStack(context, async (commands) => {
    if (watch) return watchInbox(commands, terminal);
    const pending = await commands.listPending();
    if (terminal.isJson) terminal.printJson(pending);
    else if (pending.approvals.length + pending.questions.length === 0)
      terminal.note('nothing waits for anybody');
    else terminal.print(rows(pending, terminal));
    return 0;
  });
}

/** `gatehouse approvals show ID`: with what it acts on, as a difference or a plan. */
export async function showApproval(context: CliContext, id: string): Promise<ExitCode> {
  const { terminal } = context;
  return withStack(context, async (commands, stack) => {
    const view = await commands.reviewApproval(id);
    const { approval } = view;
    const about = await actedOn(view, { commands, artifacts: artifactsOf(stack) ?? OUT_OF_REACH });
    if (terminal.isJson) terminal.printJson({ ...approval, actedOn: about });
    else {
      terminal.print(`${approval.id}  ${approval.status}  run ${approval.runId}`);
      terminal.print(approvalLines(approval, terminal.colours));
      if (about) terminal.print(`\n${actedOnLines(about, terminal.colours)}`);
    }
    return 0;
  });
}

const OUT_OF_REACH = { get: () => Promise.reject(new Error('no artifact store is in reach')) };

/** `gatehouse approvals standing`: what is approved for the rest of any open run. */
export async function listStanding(context: CliContext): Promise<ExitCode> {
  const { terminal } = context;
  return withStack(context, async (commands) => {
    const standing = await commands.listStandingInForce();
    if (terminal.isJson) terminal.printJson(standing);
    else if (standing.length === 0) terminal.note('nothing is approved for a whole run');
    else
      terminal.print(
        table(
          standing,
          [
            { title: 'RUN', text: ({ runId }) => runId },
            { title: 'TOOL', text: ({ tool }) => visibleText(tool, 30) },
            { title: 'ARGUMENTS', text: ({ action }) => visibleText(action.args, 60) },
            { title: 'BY', text: ({ by }) => by.map((person) => visibleText(person, 40)).join(', ') },
            { title: 'SINCE', text: ({ createdAt }) => dateAndTime(createdAt) },
            {
              title: 'TO END IT, SAY',
              text: ({ approvalId }) => `gatehouse approvals revoke ${approvalId}`,
              maxWidth: 200,
            },
          ],
          terminal.colours,
        ),
      );
    return 0;
  });
}

async function watchInbox(commands: Pick<Commands, 'listPending'>, terminal: Terminal): Promise<ExitCode> {
  const leaving = new AbortController();
  process.once('SIGINT', () => leaving.abort());
  const known = new Set<string>();
  while (!leaving.signal.aborted) {
    const pending = await commands.listPending();
    const fresh = {
      approvals: pending.approvals.filter(({ id }) => !known.has(id)),
      questions: pending.questions.filter(({ id }) => !known.has(id)),
    };
    for (const item of [...fresh.approvals, ...fresh.questions]) {
      known.add(item.id);
      if (terminal.isJson) terminal.printJson(item);
    }
    if (!terminal.isJson && fresh.approvals.length + fresh.questions.length > 0)
      terminal.print(rows(fresh, terminal));
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, WATCH_MS);
      leaving.signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
  return 0;
}

function rows({ approvals, questions }: PendingForPeople, { colours }: Terminal): string {
  return table(
    [
      ...approvals.map(({ id, runId, tool, progress, expiresAt }) => ({
        ...{ id, runId, expiresAt },
        what: tool,
        needs: progress?.missing ?? '',
        say: `gatehouse approve ${id}`,
      })),
      ...questions.map(({ id, runId, question, expiresAt }) => ({
        ...{ id, runId, expiresAt },
        what: question,
        needs: 'an answer',
        say: `gatehouse answer ${id} TEXT`,
      })),
    ],
    [
      { title: 'RUN', text: ({ runId }) => runId },
      { title: 'FOR', text: ({ what }) => visibleText(what, 60) },
      { title: 'NEEDS', text: ({ needs }) => needs, maxWidth: 80 },
      { title: 'UNTIL', text: ({ expiresAt }) => dateAndTime(expiresAt) },
      { title: 'SAY', text: ({ say }) => say, maxWidth: 200 },
    ],
    colours,
  );
}
