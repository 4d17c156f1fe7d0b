import { Hono } from 'hono';
import { GatehouseError } from '../../domain/errors';
import type { Halt, HaltView } from '../../domain/halt';
import type { ConsoleEnvironment } from '../environment';
import { frameOf, mayDo, requireScope } from '../page';
import { Badge, type Tone } from '../parts/badges';
import { ActionForm } from '../parts/form';
import { Heading, Layout } from '../parts/layout';
import { Name, TheirWords } from '../parts/theirs';
import { Ago } from '../parts/times';
import { paths } from '../paths';

const HALTS: readonly Halt[] = ['none', 'paused', 'stopped'];

/** The kill switch: of the organization and of each agent. */
export const createHaltPage = () =>
  new Hono<ConsoleEnvironment>()
    .get('/', async (c) => {
      const frame = await frameOf(c, 'halts', 'Kill switch');
      const commands = c.get('commands');
      const [standing, agents] = await Promise.all([commands.listHalts(), commands.listAgents()]);
      const mayHalt = mayDo(c, 'halt:write');
      const haltOf = (name: string) => standing.agents.find(({ agent }) => agent === name) ?? null;
      return c.html(
        <Layout frame={frame}>
          <Heading title="Kill switch">
            <p class="quiet">
              Every gate reads it: nothing more is granted while it is on, and what runs is ended by a stop.
            </p>
          </Heading>
          <section class="card" aria-labelledby="organization">
            <h2 id="organization">The whole organization</h2>
            <Switch view={standing.organization} csrf={c.get('csrf')} mayHalt={mayHalt} />
          </section>
          <section class="card" aria-labelledby="agents">
            <h2 id="agents">Agents</h2>
            <ul class="rows">
              {agents.map(({ definition: { name } }) => (
                <li>
                  <strong>
                    <Name text={name} />
                  </strong>
                  <Switch agent={name} view={haltOf(name)} csrf={c.get('csrf')} mayHalt={mayHalt} />
                </li>
              ))}
            </ul>
          </section>
          <section class="card" aria-labelledby="break-glass">
            <h2 id="break-glass">Break-glass</h2>
            <p>
              {frame.emergencies.length === 0 ? 'None is active.' : `${frame.emergencies.length} active.`}{' '}
              <a href={paths.breakGlass}>Ask for one, confirm or end one</a>
            </p>
          </section>
        </Layout>,
      );
    })
    .post('/', async (c) => {
      requireScope(c.get('caller'), 'halt:write');
      const form = c.get('form');
      const halt = HALTS.find((each) => each === form.text('halt'));
      const reason = form.text('reason').trim();
      if (!halt) throw new GatehouseError('halt-malformed', 'let it go on, pause it, or stop it');
      if (reason === '')
        throw new GatehouseError('reason-empty', 'the kill switch needs a reason; the audit keeps it');
      const agent = form.text('agent');
      const asked = { halt, by: c.get('caller').person, reason };
      await (agent === ''
        ? c.get('commands').haltOrganization(asked)
        : c.get('commands').haltAgent({ ...asked, agent }));
      return c.redirect(paths.halts, 303);
    });

interface SwitchProps {
  /** The organization's own where absent. */
  agent?: string;
  /** Null where it runs. */
  view: HaltView | null;
  csrf: string;
  mayHalt: boolean;
}

function Switch({ agent, view, csrf, mayHalt }: SwitchProps) {
  const halt = view?.halt ?? 'none';
  return (
    <div class="row grow">
      <Badge tone={TONES[halt]} text={halt === 'none' ? 'runs' : halt} />
      {view ? (
        <span class="quiet">
          by <Name text={view.by} maxLength={60} />
          {view.since === null ? null : (
            <>
              , <Ago at={view.since} />
            </>
          )}
          : <TheirWords text={view.reason} />
        </span>
      ) : null}
      {mayHalt ? (
        <details class="grow">
          <summary>Change</summary>
          <ActionForm action={paths.halts} csrf={csrf} class="row">
            {agent === undefined ? null : <input type="hidden" name="agent" value={agent} />}
            <label class="grow">
              <span class="unseen">Reason</span>
              <input name="reason" placeholder="Reason" required maxlength={500} autocomplete="off" />
            </label>
            {halt === 'none' ? null : (
              <button type="submit" name="halt" value="none">
                Let it go on
              </button>
            )}
            {halt === 'paused' ? null : (
              <button type="submit" name="halt" value="paused">
                Pause
              </button>
            )}
            {halt === 'stopped' ? null : (
              <button type="submit" name="halt" value="stopped" class="danger">
                Stop
              </button>
            )}
          </ActionForm>
        </details>
      ) : null}
    </div>
  );
}

const TONES: Record<Halt, Tone> = { none: 'good', paused: 'wait', stopped: 'bad' };
