import { Hono } from 'hono';
import { GatehouseError } from '../../domain/errors';
import type { BreakGlassEntry, ConsoleDependencies, HaltState } from '../dependencies';
import type { ConsoleEnvironment } from '../environment';
import { frameOf, mayDo, requireScope } from '../page';
import { Badge, type Tone } from '../parts/badges';
import { ActionForm } from '../parts/form';
import { Heading, Layout } from '../parts/layout';
import { Name, Theirs } from '../parts/theirs';
import { Ago, Until } from '../parts/times';
import { paths } from '../paths';

const HALTS: readonly HaltState[] = ['none', 'paused', 'stopped'];

/** The kill switch: of the organization and of each agent. */
export const createHaltPage = ({ halts }: Pick<ConsoleDependencies, 'halts'>) =>
  new Hono<ConsoleEnvironment>()
    .get('/', async (c) => {
      const frame = await frameOf(c, 'halts', 'Kill switch');
      const switches = halts?.(c.get('caller'));
      const [state, glass, agents] = await Promise.all([
        switches?.state(),
        switches?.breakGlass() ?? [],
        c.get('commands').listAgents(),
      ]);
      const mayHalt = switches !== undefined && mayDo(c, 'halt:write');
      const haltOf = (name: string) => state?.agents.find((agent) => agent.name === name)?.halt ?? 'none';
      return c.html(
        <Layout frame={frame}>
          <Heading title="Kill switch">
            <p class="quiet">
              Every gate reads it: nothing more is granted while it is on, and what runs is ended by a stop.
            </p>
          </Heading>
          {switches === undefined ? (
            <p class="notice bad">
              The kill switch is not served here; single runs are stopped on their pages.
            </p>
          ) : null}
          <section class="card" aria-labelledby="organization">
            <h2 id="organization">The whole organization</h2>
            <Switch halt={state?.organization ?? 'none'} csrf={c.get('csrf')} mayHalt={mayHalt} />
          </section>
          <section class="card" aria-labelledby="agents">
            <h2 id="agents">Agents</h2>
            <ul class="rows">
              {agents.map(({ definition: { name } }) => (
                <li>
                  <strong>
                    <Name text={name} />
                  </strong>
                  <Switch agent={name} halt={haltOf(name)} csrf={c.get('csrf')} mayHalt={mayHalt} />
                </li>
              ))}
            </ul>
          </section>
          <section class="card" aria-labelledby="break-glass">
            <h2 id="break-glass">Break-glass</h2>
            {glass.length === 0 ? (
              <p class="quiet">Nothing is in force, and nothing was lately.</p>
            ) : (
              <Glass entries={glass} />
            )}
          </section>
        </Layout>,
      );
    })
    .post('/', async (c) => {
      requireScope(c.get('caller'), 'halt:write');
      const form = c.get('form');
      const halt = HALTS.find((each) => each === form.text('halt'));
      const reason = form.text('reason').trim();
      if (!halt || !halts) throw new GatehouseError('halt-malformed', 'the kill switch is not served here');
      if (reason === '')
        throw new GatehouseError('reason-empty', 'the kill switch needs a reason; the audit keeps it');
      const agent = form.text('agent') || undefined;
      await halts(c.get('caller')).set({ agent, halt, by: c.get('caller').person, reason });
      return c.redirect(paths.halts, 303);
    });

interface SwitchProps {
  /** The organization's own where absent. */
  agent?: string;
  halt: HaltState;
  csrf: string;
  mayHalt: boolean;
}

function Switch({ agent, halt, csrf, mayHalt }: SwitchProps) {
  return (
    <div class="row grow">
      <Badge tone={TONES[halt]} text={halt === 'none' ? 'runs' : halt} />
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

const TONES: Record<HaltState, Tone> = { none: 'good', paused: 'wait', stopped: 'bad' };

function Glass({ entries }: { entries: readonly BreakGlassEntry[] }) {
  return (
    <ul class="list">
      {entries.map(({ status, by, reason, at, expiresAt }) => (
        <li class="glass">
          <p class="row">
            <Badge tone={expiresAt > Date.now() ? 'bad' : 'quiet'} text={status} />
            <Name text={by.join(', ')} />
            <span class="quiet">
              <Ago at={at} />, <Until at={expiresAt} />
            </span>
          </p>
          <Theirs author="person" title="Reason" text={reason} maxLength={1_000} />
        </li>
      ))}
    </ul>
  );
}
