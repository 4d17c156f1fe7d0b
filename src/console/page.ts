import type { Caller } from '../domain/caller';
import { GatehouseError } from '../domain/errors';
import { holdsScope, type Scope } from '../domain/scopes';
import type { StoredBreakGlass } from '../store/break-glass-store';
import type { ConsoleContext } from './environment';
import type { Frame, Section } from './parts/layout';

const SECTION_SCOPES: Record<Section, Scope> = {
  inbox: 'approvals:read',
  runs: 'runs:read',
  policies: 'policies:read',
  agents: 'agents:read',
  audit: 'audit:read',
  people: 'admin',
  webhooks: 'admin',
  halts: 'runs:read',
};

/** What surrounds a page of this section, for whoever asks. @throws GatehouseError `scope-missing` */
export async function frameOf(c: ConsoleContext, section: Section, title: string): Promise<Frame> {
  const caller = c.get('caller');
  requireScope(caller, SECTION_SCOPES[section]);
  const sections = (Object.keys(SECTION_SCOPES) as Section[]).filter((name) =>
    holdsScope(caller.scopes, SECTION_SCOPES[name]),
  );
  const [waiting, emergencies] = await Promise.all([countWaiting(c), activeBreakGlass(c)]);
  return {
    title,
    section,
    person: caller.person,
    organization: caller.organizationId,
    csrf: c.get('csrf'),
    waiting,
    emergencies,
    sections,
  };
}

/** What every page says loudly. */
export async function activeBreakGlass(c: ConsoleContext): Promise<StoredBreakGlass[]> {
  return (await c.get('commands').listBreakGlass()).filter(({ status }) => status === 'active');
}

/** How many approvals and questions wait; none for those who may not see them. */
export async function countWaiting(c: ConsoleContext): Promise<number> {
  if (!mayDo(c, 'approvals:read')) return 0;
  const { approvals, questions } = await c.get('commands').listPending();
  return approvals.length + questions.length;
}

export function mayDo(c: ConsoleContext, scope: Scope): boolean {
  return holdsScope(c.get('caller').scopes, scope);
}

/** @throws GatehouseError `scope-missing` */
export function requireScope(caller: Caller, scope: Scope): void {
  if (holdsScope(caller.scopes, scope)) return;
  throw new GatehouseError(
    'scope-missing',
    `this needs the scope \`${scope}\`, which your key does not have`,
  );
}

/** Whether htmx asks for a part of a page. */
export function isPartial(c: ConsoleContext): boolean {
  return c.req.header('hx-request') === 'true';
}

/** A query parameter; empty where it is not there. */
export function query(c: ConsoleContext, name: string): string {
  return c.req.query(name)?.slice(0, 500) ?? '';
}
