import type { RunView } from '../commands/show-run';
import { findingId, messageOf, reasons } from '../domain/decision';
import { visibleLines, visibleText } from '../domain/visible-text';
import type { CliContext, ExitCode } from './context';
import { approvalLines, eventLines } from './event-lines';
import { table } from './table';
import type { Colours, Terminal } from './terminal';
import { type FoundStack, withStack } from './with-stack';
import { dateAndTime, duration, paintStatus } from './words';

/** `gatehouse show RUN`: everything that is known of a run. */
export async function show(context: CliContext, runId: string): Promise<ExitCode> {
  const { terminal } = context;
  return withStack(context, async (commands, stack) => {
    const view = await commands.showRun(runId);
    if (terminal.isJson) terminal.printJson(view);
    else print(view, terminal, stack);
    return 0;
  });
}

function print(view: RunView, terminal: Terminal, stack: FoundStack): void {
  const { colours } = terminal;
  terminal.print(
    `${colours.bold(view.runId)}  ${paintStatus(view.status, view.status, colours)}${view.isCurrent ? '' : '  (as last recorded)'}`,
  );
  terminal.print(facts(view, stack, colours));
  if (view.text) terminal.print(`\n${visibleLines(view.text)}`);
  if (view.decisions.length > 0) terminal.print(`\n${decisions(view, colours)}`);
  if (view.events.length > 0)
    terminal.print(`\n${view.events.map((event) => eventLines(event, colours)).join('\n')}`);
  for (const approval of view.pending.approvals) terminal.print(`\n${approvalLines(approval, colours)}`);
  if (view.standing.length > 0) terminal.print(`\n${standing(view)}`);
  if (view.credentials.length > 0) terminal.print(`\n${credentials(view)}`);
  if (!view.isCurrent) terminal.warn('no control worker answered for this run; see `gatehouse doctor`');
}

function facts(view: RunView, stack: FoundStack, colours: Colours): string {
  const { usage, live, input } = view;
  const of = (used: number, limit: number | undefined) =>
    limit === undefined ? `${used}` : `${used} of ${limit}`;
  const rows: [string, string | null | undefined][] = [
    ['agent', view.agent],
    ['asked by', input && visibleText(input.requestedBy, 80)],
    ['prompt', input && visibleText(input.prompt, 300)],
    ['repository', input?.repo && visibleText(input.repo, 300)],
    ['started', dateAndTime(view.createdAt)],
    [
      'ended',
      view.endedAt && `${dateAndTime(view.endedAt)}, after ${duration(view.endedAt - view.createdAt)}`,
    ],
    [
      'used',
      usage &&
        [
          `turns ${of(usage.turns, live?.budget?.maxTurns)}`,
          `tokens ${of(usage.tokens, live?.budget?.maxTokens)}`,
          `tool calls ${of(usage.toolCalls, live?.budget?.maxToolCalls)}`,
          `waited ${duration(usage.waitedMs)}`,
        ].join(', '),
    ],
    ['policy', view.snapshot],
    [
      'in Temporal',
      stack.temporalUi &&
        `${stack.temporalUi}namespaces/${stack.address.namespace}/workflows/${view.workflowId}`,
    ],
  ].filter((row): row is [string, string] => Boolean(row[1]));
  return rows.map(([name, text]) => `  ${colours.dim(name.padEnd(11))}  ${text}`).join('\n');
}

/** What was approved for the rest of the run. */
function standing(view: RunView): string {
  return view.standing
    .map(({ approvalId, tool, action, by, revokedAt, revokedBy }) => {
      const what = `${visibleText(tool, 30)} ${visibleText(action.args, 120)}`;
      const who = by.map((person) => visibleText(person, 60)).join(', ');
      const end =
        revokedAt === null
          ? ''
          : `, revoked by ${visibleText(revokedBy ?? 'unknown', 60)} ${dateAndTime(revokedAt)}`;
      return `  for the rest of the run: ${what}, approved by ${who} (${approvalId})${end}`;
    })
    .join('\n');
}

/** What the credential broker issued: names and times, since it keeps no secret. */
function credentials(view: RunView): string {
  return view.credentials
    .map(({ handle, provider, account, role, scope, status, expiresAt, endedAt }) => {
      const what = `${visibleText(account, 60)} as ${visibleText(role, 60)} to ${scope}, by ${provider}`;
      const end = endedAt === null ? `until ${dateAndTime(expiresAt)}` : dateAndTime(endedAt);
      return `  credentials ${handle}: ${what}, ${status} ${end}`;
    })
    .join('\n');
}

function decisions(view: RunView, colours: Colours): string {
  return table(
    view.decisions,
    [
      { title: 'TURN', text: ({ turn }) => String(turn) },
      { title: 'TOOL', text: ({ tool }) => visibleText(tool, 30) },
      { title: 'VERDICT', text: ({ decision }) => decision.verdict },
      { title: 'EFFECT', text: ({ decision }) => [decision.effect ?? '', ...decision.marks].join(' ') },
      {
        title: 'WHY',
        text: ({ decision }) =>
          reasons(decision)
            .map((finding) => `${findingId(finding)}: ${visibleText(messageOf(finding), 120)}`)
            .join('; '),
        maxWidth: 160,
      },
    ],
    colours,
  );
}
