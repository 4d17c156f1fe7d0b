import { egressRefusals } from '../domain/egress';
import type { RunEvent } from '../domain/events';
import { visibleLines, visibleText } from '../domain/visible-text';
import type { StoredApproval } from '../store/approval-store';
import type { Colours } from './terminal';
import { clock, dateAndTime, paintApproval, paintStatus, paintVerdict } from './words';

const KIND_WIDTH = 8;
const MAX_TEXT = 160;

/** One event of a run as a person reads it: a line, and more for what they are asked. */
export function eventLines(event: RunEvent, colours: Colours): string {
  const line = (kind: string, text: string) =>
    `${colours.dim(clock(event.at))}  ${kind.padEnd(KIND_WIDTH)}  ${text}`;
  switch (event.type) {
    case 'status': {
      const { status, text } = event.data;
      return line(
        'status',
        `${paintStatus(status, status, colours)}${text ? `  ${visibleText(text, MAX_TEXT)}` : ''}`,
      );
    }
    case 'turn': {
      const { turn, text, calls, tokens } = event.data;
      const counted = `${calls} ${calls === 1 ? 'call' : 'calls'}, ${tokens} tokens`;
      return line('turn', `${turn}  ${visibleText(text, MAX_TEXT)} ${colours.dim(`(${counted})`)}`);
    }
    case 'decision': {
      const { tool, verdict, effect, reasons } = event.data;
      const why = reasons
        .map(({ layer, rule, message }) => `${layer}/${rule}: ${visibleText(message, MAX_TEXT)}`)
        .join('; ');
      return line(
        'gate',
        `${paintVerdict(verdict, verdict, colours)}  ${visibleText(tool, 60)}${effect ? colours.dim(` (${effect})`) : ''}${why && verdict !== 'allow' ? `  ${why}` : ''}`,
      );
    }
    case 'call': {
      const { tool, outcome, text } = event.data;
      const painted = outcome === 'done' || outcome === 'answered' ? outcome : colours.red(outcome);
      return line('call', `${painted}  ${visibleText(tool, 60)}  ${colours.dim(visibleText(text, 100))}`);
    }
    case 'question':
      return [
        line('question', colours.bold(visibleText(event.data.question, 500))),
        ...event.data.options.map((option) => indented(`- ${visibleText(option, 200)}`)),
        indented(colours.yellow(`gatehouse answer ${event.data.questionId} TEXT`)),
      ].join('\n');
    case 'answer':
      return line('answer', `${event.data.outcome}${by(event.data.by ? [event.data.by] : [])}`);
    case 'approval': {
      const { approvalId, tool, outcome, by: people, reason, breakGlass } = event.data;
      return line(
        'approval',
        `${paintApproval(outcome, outcome, colours)}  ${visibleText(tool, 60)}${by(people)}${breakGlass ? colours.red(`  alone, by break-glass ${breakGlass}`) : ''}${reason ? `  ${visibleText(reason, MAX_TEXT)}` : ''} ${colours.dim(approvalId)}`,
      );
    }
    case 'refused-word': {
      const { what, id, claimedBy, reason } = event.data;
      const said = `${what} refused${by(claimedBy ? [claimedBy] : [])}`;
      return line('people', `${colours.red(said)}  ${visibleText(reason, MAX_TEXT)} ${colours.dim(id)}`);
    }
    case 'budget': {
      const text = visibleText(event.data.reason, MAX_TEXT);
      return line('budget', event.data.kind === 'notice' ? colours.yellow(text) : colours.red(text));
    }
    case 'egress': {
      const { host, port, reason } = event.data;
      const why = reason ? colours.dim(`  ${egressRefusals[reason]}`) : '';
      return line('network', `${colours.red('refused')}  ${visibleText(host, 100)}:${port}${why}`);
    }
  }
}

/** What an approver has to see: exactly what will run, why it is held, and how to decide. */
export function approvalLines(approval: StoredApproval, colours: Colours): string {
  const { id, tool, args, effect, marks, findings, expiresAt, progress } = approval;
  return [
    `${colours.bold(tool)} ${colours.dim(`(${[effect, ...marks].join(', ')})`)}, until ${dateAndTime(expiresAt)}`,
    ...findings.map(({ layer, rule, message }) => `${layer}/${rule}: ${visibleText(message, 300)}`),
    ...argumentLines(args),
    needsLine(progress),
    colours.yellow(`gatehouse approve ${id}`),
    colours.yellow(`gatehouse deny ${id} --reason TEXT`),
  ]
    .map(indented)
    .join('\n');
}

function needsLine({ missing, votes, fourEyes, escalatedTo }: StoredApproval['progress']): string {
  const notes = [
    `needs ${missing}`,
    ...(fourEyes ? ['not who asked for the run'] : []),
    ...(escalatedTo ? [`or the role ${visibleText(escalatedTo, 60)}`] : []),
    ...(votes.length > 0 ? [`approved${by(votes.map((vote) => vote.by))}`] : []),
  ];
  return notes.join('; ');
}

/** The canonical arguments, one a line, set apart from our own words. */
export function argumentLines(args: string): string[] {
  const shown = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
  return Object.entries(parsed(args)).flatMap(([name, value]) => {
    const [first = '', ...rest] = visibleLines(shown(value), 4_000).split('\n');
    return [`| ${visibleText(name, 60)}: ${first}`, ...rest.map((line) => `|   ${line}`)];
  });
}

function parsed(args: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(args);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Shown as it is.
  }
  return { arguments: args };
}

function by(people: readonly string[]): string {
  return people.length > 0 ? ` by ${people.map((person) => visibleText(person, 60)).join(', ')}` : '';
}

function indented(text: string): string {
  return `${' '.repeat(12 + KIND_WIDTH)}${text}`;
}
