import type { Child } from 'hono/jsx';
import { egressRefusals } from '../../domain/egress';
import type { RunEvent } from '../../domain/events';
import { paths } from '../paths';
import { Badge, EffectBadges, StatusBadge, type Tone, VerdictBadge } from './badges';
import { Name, Theirs, TheirWords } from './theirs';
import { Time } from './times';

/** What happened in a run, in order. */
export function Timeline({ events }: { events: readonly RunEvent[] }) {
  return (
    <ol class="timeline">
      {events.map((event) => (
        <TimelineEntry event={event} />
      ))}
    </ol>
  );
}

/** One event as an entry of the timeline; its key is its number. */
export function TimelineEntry({ event }: { event: RunEvent }) {
  return (
    <li class={`entry ${event.type}`} data-key={`event-${event.sequence}`}>
      <Entry event={event} />
    </li>
  );
}

function Entry({ event }: { event: RunEvent }) {
  const line = (kind: string, head: Child, body?: Child) => (
    <>
      <div class="entry-head">
        <span class="kind">{kind}</span>
        <span class="entry-text">{head}</span>
        <Time at={event.at} format="clock" />
      </div>
      {body}
    </>
  );
  switch (event.type) {
    case 'status': {
      const { status, text } = event.data;
      return line(
        'Status',
        <StatusBadge status={status} />,
        text ? <Theirs author="model" title="In its own words" text={text} maxLength={4_000} /> : null,
      );
    }
    case 'turn': {
      const { turn, text, calls, tokens } = event.data;
      return line(
        `Turn ${turn}`,
        <span class="quiet">
          {calls} {calls === 1 ? 'call' : 'calls'}, {tokens.toLocaleString('en')} tokens
        </span>,
        text ? <Theirs author="model" text={text} maxLength={4_000} /> : null,
      );
    }
    case 'decision': {
      const { tool, verdict, effect, reasons } = event.data;
      return line(
        'Gate',
        <>
          <VerdictBadge verdict={verdict} /> <Name text={tool} /> <EffectBadges effect={effect} marks={[]} />
        </>,
        verdict === 'allow' ? <FoldedReasons reasons={reasons} /> : <Reasons reasons={reasons} />,
      );
    }
    case 'call': {
      const { tool, outcome, text } = event.data;
      return line(
        'Call',
        <>
          <Badge tone={toneOfOutcome(outcome)} text={outcome} /> <Name text={tool} />
        </>,
        text ? <Output text={text} /> : null,
      );
    }
    case 'question': {
      const { question, options } = event.data;
      return line(
        'Question',
        <Badge tone="wait" text="asked" />,
        <Theirs author="model" text={[question, ...options.map((option) => `  • ${option}`)].join('\n')} />,
      );
    }
    case 'answer': {
      const { by, outcome } = event.data;
      return line(
        'Answer',
        <>
          <Badge tone={outcome === 'answered' ? 'good' : 'quiet'} text={outcome} />
          {by ? <By people={[by]} /> : null}
        </>,
      );
    }
    case 'approval': {
      const { approvalId, tool, outcome, by, reason } = event.data;
      const isVote = outcome === 'pending' && by.length > 0;
      return line(
        'Approval',
        <>
          <Badge tone={toneOfApproval(outcome)} text={isVote ? 'needs more votes' : outcome} />{' '}
          <a href={paths.approval(approvalId)}>
            <Name text={tool} />
          </a>
          <By people={by} />
        </>,
        reason ? <Theirs author="person" title="Reason" text={reason} maxLength={2_000} /> : null,
      );
    }
    case 'refused-word': {
      const { what, claimedBy, reason } = event.data;
      return line(
        'Refused',
        <>
          <Badge tone="bad" text={`a ${what} that does not count`} />
          {claimedBy ? <By people={[claimedBy]} /> : null} <TheirWords text={reason} />
        </>,
      );
    }
    case 'budget':
      return line('Budget', <TheirWords text={event.data.reason} />);
    case 'egress': {
      const { host, port, reason } = event.data;
      return line(
        'Network',
        <>
          <Badge tone="bad" text="refused host" /> <TheirWords text={`${host}:${port}`} maxLength={200} />
          {reason ? <> {egressRefusals[reason]}</> : null}
        </>,
      );
    }
  }
}

interface Reason {
  layer: string;
  rule: string;
  message: string;
}

/** Why: layer and rule, and what the rule says. */
export function Reasons({ reasons }: { reasons: readonly Reason[] }) {
  if (reasons.length === 0) return null;
  return (
    <ul class="reasons">
      {reasons.map(({ layer, rule, message }) => (
        <li>
          <span class="rule">
            <Name text={`${layer}/${rule}`} />
          </span>{' '}
          <Message text={message} />
        </li>
      ))}
    </ul>
  );
}

/** Why something was allowed: seldom looked at. */
function FoldedReasons({ reasons }: { reasons: readonly Reason[] }) {
  if (reasons.length === 0) return null;
  return (
    <details class="folded">
      <summary>
        {reasons.map(({ layer, rule }) => (
          <span class="rule">
            <Name text={`${layer}/${rule}`} />
          </span>
        ))}
      </summary>
      <Reasons reasons={reasons} />
    </details>
  );
}

/** What a rule says; what stands in backticks is a value. */
function Message({ text }: { text: string }) {
  return (
    <>
      {text
        .slice(0, 1_000)
        .split('`')
        .map((part, index, parts) =>
          index % 2 === 1 && index < parts.length - 1 ? (
            <code>
              <TheirWords text={part} maxLength={600} />
            </code>
          ) : (
            <TheirWords text={index % 2 === 1 ? `\`${part}` : part} maxLength={600} />
          ),
        )}
    </>
  );
}

/** Longer outputs are folded away. */
function Output({ text }: { text: string }) {
  if (text.length < 120 && !text.includes('\n')) return <Theirs author="tool" text={text} />;
  return (
    <details class="output">
      <summary>
        Output <span class="quiet">{text.split('\n').length} lines</span>
      </summary>
      <Theirs author="tool" text={text} />
    </details>
  );
}

function By({ people }: { people: readonly string[] }) {
  if (people.length === 0) return null;
  return (
    <span class="quiet">
      {' '}
      by{' '}
      {people.map((person, index) => (
        <>
          {index > 0 ? ', ' : ''}
          <Name text={person} maxLength={60} />
        </>
      ))}
    </span>
  );
}

function toneOfOutcome(outcome: string): Tone {
  if (outcome === 'done' || outcome === 'answered') return 'good';
  return outcome === 'unknown' ? 'wait' : 'bad';
}

/** How an approval ended, or that it waits. */
export function toneOfApproval(outcome: string): Tone {
  switch (outcome) {
    case 'approved':
    case 'edited':
      return 'good';
    case 'denied':
    case 'expired':
      return 'bad';
    case 'void':
      return 'quiet';
    default:
      return 'wait';
  }
}
