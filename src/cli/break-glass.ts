import { type BreakGlassScope, describeScope } from '../domain/break-glass';
import { visibleText } from '../domain/visible-text';
import type { StoredBreakGlass } from '../store/break-glass-store';
import type { CliContext, ExitCode } from './context';
import { table } from './table';
import { withSigner } from './with-signer';
import { withStack } from './with-stack';
import { dateAndTime, duration } from './words';

/** `gatehouse break-glass request`. */
export async function requestBreakGlass(
  context: CliContext,
  asked: { reason: string; agent?: string; run?: string; durationMs: number; by?: string },
): Promise<ExitCode> {
  const { terminal } = context;
  const { reason, durationMs } = asked;
  return withSigner(context, asked.by, async (commands, by) => {
    const requested = await commands.requestBreakGlass({
      reason,
      durationMs,
      by,
      scope: scopeOf(asked),
    });
    if (terminal.isJson) terminal.printJson(requested);
    else {
      terminal.print(requested.id);
      terminal.note(
        `worth nothing until somebody else says \`gatehouse break-glass confirm ${requested.id}\`, within ${duration(requested.remainingMs)}`,
      );
    }
    return 0;
  });
}

/** `gatehouse break-glass confirm ID` and `end ID`. */
export async function sayToBreakGlass(
  context: CliContext,
  what: 'confirm' | 'end',
  id: string,
  given: string | undefined,
): Promise<ExitCode> {
  const { terminal } = context;
  return withSigner(context, given, async (commands, by) => {
    const command = what === 'confirm' ? commands.confirmBreakGlass : commands.endBreakGlass;
    const now = await command({ id, by });
    if (terminal.isJson) terminal.printJson(now);
    else terminal.print(`${now.status}: ${described(now)}`);
    return 0;
  });
}

/** `gatehouse break-glass list`. */
export async function listBreakGlass(context: CliContext): Promise<ExitCode> {
  const { terminal } = context;
  return withStack(context, async (commands) => {
    const all = await commands.listBreakGlass();
    if (terminal.isJson) terminal.printJson(all);
    else if (all.length === 0) terminal.note('no break-glass was ever asked for');
    else
      terminal.print(
        table(
          all,
          [
            { title: 'ID', text: ({ id }) => id },
            { title: 'STATUS', text: ({ status }) => status },
            { title: 'PERSON', text: ({ person }) => visibleText(person, 40) },
            { title: 'FOR', text: ({ scope }) => visibleText(describeScope(scope), 60) },
            { title: 'ASKED', text: ({ requestedAt }) => dateAndTime(requestedAt) },
            { title: 'CONFIRMED BY', text: ({ confirmedBy }) => visibleText(confirmedBy ?? '', 40) },
            { title: 'LEFT', text: ({ remainingMs }) => (remainingMs > 0 ? duration(remainingMs) : '') },
            { title: 'REASON', text: ({ reason }) => visibleText(reason, 80) },
          ],
          terminal.colours,
        ),
      );
    return 0;
  });
}

function described({ person, scope, expiresAt, status }: StoredBreakGlass): string {
  const until = status === 'active' && expiresAt !== null ? `, until ${dateAndTime(expiresAt)}` : '';
  return `the approvals of ${visibleText(person, 60)} ${status === 'active' ? 'are enough' : 'are votes again'}, for ${describeScope(scope)}${until}`;
}

function scopeOf({ agent, run }: { agent?: string; run?: string }): BreakGlassScope {
  if (run !== undefined) return { kind: 'run', runId: run };
  return agent === undefined ? { kind: 'organization' } : { kind: 'agent', agent };
}
