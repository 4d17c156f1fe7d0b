import type { PolicySimulation } from '../commands/simulate-policies';
import { findingId, strictest } from '../domain/decision';
import { visibleText } from '../domain/visible-text';
import { policyFiles, readPolicyFolder } from '../policy/policy-folder';
import { refuseBrokenRules } from '../policy/rule-problems';
import type { Flip, VoidedApproval } from '../policy/simulate';
import { readInput } from './bad-input';
import type { CliContext, ExitCode } from './context';
import { agentsAndTools } from './rule-tools';
import { table } from './table';
import type { Colours, Terminal } from './terminal';
import { artifactsOf, withStack } from './with-stack';
import { paintVerdict } from './words';

export interface PolicySimulateOptions {
  /** Milliseconds since the epoch. */
  since?: number;
  /** How many runs. */
  limit?: number;
}

/** `gatehouse policy simulate`. Exit code 0 whatever would change. */
export async function simulatePolicies(
  context: CliContext,
  folder: string,
  { since, limit }: PolicySimulateOptions,
): Promise<ExitCode> {
  const { terminal } = context;
  readInput(() => policyFiles(folder));
  return withStack(context, async (commands, stack) => {
    const { tools } = await agentsAndTools(commands);
    const candidates = readInput(() => {
      const policies = readPolicyFolder(folder);
      refuseBrokenRules(policies, tools);
      return policies;
    });
    const artifacts = artifactsOf(stack);
    const simulation = await commands.simulatePolicies(candidates, { since, limit, artifacts });
    if (terminal.isJson) terminal.printJson(simulation);
    else printSimulation(terminal, simulation);
    return 0;
  });
}

/** Most flips that are shown to a person. */
const MAX_SHOWN = 100;

function printSimulation(terminal: Terminal, simulation: PolicySimulation): void {
  const { colours } = terminal;
  const { flips, changed } = simulation;
  if (flips.length > 0) {
    terminal.print(flipTable(flips.slice(0, MAX_SHOWN), colours));
    if (changed > MAX_SHOWN) terminal.print(`… and ${changed - MAX_SHOWN} more`);
    terminal.print('');
  }
  printVoided(terminal, simulation.voided);
  terminal.print(summaryOf(simulation));
}

/** The approvals that would become void; nothing where there are none. */
export function printVoided(terminal: Terminal, voided: readonly VoidedApproval[]): void {
  if (voided.length === 0) return;
  terminal.print(
    table(
      voided,
      [
        { title: 'VOID', text: ({ id }) => id },
        { title: 'RUN', text: ({ runId }) => runId },
        { title: 'TOOL', text: ({ tool }) => visibleText(tool, 40) },
        {
          title: 'VERDICT',
          text: ({ to }) => to,
          paint: (cell, { to }) => paintVerdict(cell, to, terminal.colours),
        },
        {
          title: 'BECAUSE',
          text: ({ reasons }) => reasons.map(({ message }) => visibleText(message, 200)).join('; '),
          maxWidth: 200,
        },
      ],
      terminal.colours,
    ),
  );
  terminal.print('');
}

/** What candidates would change, in a sentence or two. */
export function summaryOf({
  runs,
  runsWithoutAgent,
  calls,
  changed,
  changedAlready,
  voided,
  unknown,
}: PolicySimulation): string {
  const parts = [
    `${changed} would be decided otherwise${changedAlready > 0 ? ` (${changedAlready} as published now)` : ''}`,
    `${voided.length} ${voided.length === 1 ? 'approval that waits' : 'approvals that wait'} would become void`,
    ...(unknown > 0 ? [`${unknown} not judged, since what they would leave behind is not known here`] : []),
    ...(runsWithoutAgent > 0
      ? [`${counted(runsWithoutAgent, 'run')} left out, since their agents are not stored any more`]
      : []),
  ];
  return `${counted(calls, 'recorded call')} of ${counted(runs, 'run')}: ${parts.join(', ')}`;
}

function flipTable(flips: PolicySimulation['flips'], colours: Colours): string {
  return table(
    flips,
    [
      { title: 'RUN', text: ({ runId }) => runId },
      { title: 'TOOL', text: ({ tool }) => visibleText(tool, 40) },
      {
        title: 'WAS',
        text: ({ from }) => from,
        paint: (cell, { from }) => paintVerdict(cell, from, colours),
      },
      { title: 'WOULD BE', text: ({ to }) => to, paint: (cell, { to }) => paintVerdict(cell, to, colours) },
      {
        title: 'BY',
        text: (flip) => `${changedBy(flip)}${flip.isAlready ? ' (as published now)' : ''}`,
        maxWidth: 200,
      },
    ],
    colours,
  );
}

/** What refuses or asks where it did not, or does no longer. */
function changedBy({ from, to, reasonsBefore, reasonsAfter }: Flip): string {
  const isStricter = strictest(from, to) === to;
  const ids = [...new Set((isStricter ? reasonsAfter : reasonsBefore).map(findingId))].join(', ');
  if (isStricter) return ids || 'a rule that could not be evaluated';
  return ids ? `no longer ${ids}` : '-';
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
