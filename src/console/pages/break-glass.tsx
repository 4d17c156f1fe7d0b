import { Hono } from 'hono';
import { BREAK_GLASS_MS, type BreakGlassScope } from '../../domain/break-glass';
import { GatehouseError } from '../../domain/errors';
import type { ConsoleEnvironment } from '../environment';
import { activeBreakGlass, frameOf, mayDo, query, requireScope } from '../page';
import { Emergency } from '../parts/emergency';
import { Heading, Layout } from '../parts/layout';
import { paths } from '../paths';
import { Glass } from './break-glass-list';
import { RequestForm } from './break-glass-request';

const MINUTE_MS = 60_000;

/** Break-glass: asked for by one person, confirmed by another, ended by anybody who may. */
export const createBreakGlassPage = () =>
  new Hono<ConsoleEnvironment>()
    .get('/', async (c) => {
      const frame = await frameOf(c, 'halts', 'Break-glass');
      const commands = c.get('commands');
      const [entries, agents, { isSingleOperator }] = await Promise.all([
        commands.listBreakGlass(),
        commands.listAgents(),
        commands.showPeopleSettings(),
      ]);
      const mayAsk = mayDo(c, 'approvals:decide') || mayDo(c, 'halt:write');
      return c.html(
        <Layout frame={frame}>
          <Heading title="Break-glass">
            <p class="quiet">
              In an emergency, for a while, one person’s approval is enough. Another person confirms; every
              step and every use is audited. What is denied stays denied.
            </p>
          </Heading>
          <section class="card" aria-labelledby="glass">
            <h2 id="glass">In force and before</h2>
            <Glass
              entries={entries}
              csrf={c.get('csrf')}
              person={c.get('caller').person}
              isAlone={isSingleOperator}
              mayConfirm={mayDo(c, 'halt:write')}
              mayEnd={mayAsk}
            />
          </section>
          {mayAsk ? (
            <section class="card" aria-labelledby="request">
              <h2 id="request">Ask for one</h2>
              <RequestForm
                csrf={c.get('csrf')}
                agents={agents.map(({ definition }) => definition.name)}
                runId={query(c, 'run')}
                isAlone={isSingleOperator}
              />
            </section>
          ) : null}
        </Layout>,
      );
    })
    .post('/', async (c) => {
      if (!mayDo(c, 'halt:write')) requireScope(c.get('caller'), 'approvals:decide');
      const form = c.get('form');
      const reason = form.text('reason').trim();
      if (reason === '')
        throw new GatehouseError('reason-empty', 'a break-glass needs a reason; the audit keeps it');
      const minutes = Number(form.text('minutes') || BREAK_GLASS_MS / MINUTE_MS);
      if (!Number.isSafeInteger(minutes) || minutes < 1)
        throw new GatehouseError('break-glass-malformed', 'say how many minutes it is to last');
      await c.get('commands').requestBreakGlass({
        by: c.get('caller').person,
        reason,
        scope: scopeOf(form.text('scope')),
        durationMs: minutes * MINUTE_MS,
      });
      return c.redirect(paths.breakGlass, 303);
    })
    .post('/:id/confirm', async (c) => {
      requireScope(c.get('caller'), 'halt:write');
      await c.get('commands').confirmBreakGlass({ id: c.req.param('id'), by: c.get('caller').person });
      return c.redirect(paths.breakGlass, 303);
    })
    .post('/:id/end', async (c) => {
      if (!mayDo(c, 'halt:write')) requireScope(c.get('caller'), 'approvals:decide');
      await c.get('commands').endBreakGlass({ id: c.req.param('id'), by: c.get('caller').person });
      return c.redirect(paths.breakGlass, 303);
    });

/** What every page shows while one is active. */
export const createEmergency = () =>
  new Hono<ConsoleEnvironment>().get('/emergency', async (c) =>
    c.html(<Emergency active={await activeBreakGlass(c)} />),
  );

/** `organization`, `agent NAME`, `run ID`: as the form's choices have it. */
function scopeOf(choice: string): BreakGlassScope {
  const [kind, ...rest] = choice.split(' ');
  const name = rest.join(' ');
  if (kind === 'organization' && name === '') return { kind };
  if (kind === 'agent' && name !== '') return { kind, agent: name };
  if (kind === 'run' && name !== '') return { kind, runId: name };
  throw new GatehouseError('break-glass-malformed', 'say where it is to count');
}
