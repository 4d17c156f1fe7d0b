import { Hono } from 'hono';
import type { Agent } from '../../domain/agent';
import { DEFAULT_BUDGET } from '../../domain/budget';
import { GatehouseError } from '../../domain/errors';
import { permissionsOfTier, tighten } from '../../domain/permissions';
import { tierName } from '../../domain/tier';
import { visibleText } from '../../domain/visible-text';
import type { ConsoleEnvironment } from '../environment';
import { frameOf } from '../page';
import { Heading, Layout } from '../parts/layout';
import { Name, Theirs } from '../parts/theirs';
import { Ago, duration } from '../parts/times';
import { paths } from '../paths';

/** The stored agents: what each is and what it may do. */
export const createAgentPages = () =>
  new Hono<ConsoleEnvironment>()
    .get('/', async (c) => {
      const frame = await frameOf(c, 'agents', 'Agents');
      const agents = await c.get('commands').listAgents();
      return c.html(
        <Layout frame={frame}>
          <Heading title="Agents">
            <p class="quiet">
              Definitions come from files: <code>gatehouse agents apply FILE</code>.
            </p>
          </Heading>
          <ul class="list">
            {agents.map(({ definition, version, updatedAt }) => (
              <li class="card item" data-item>
                <div class="card-head">
                  <h2>
                    <a href={paths.agent(definition.name)} data-open>
                      <Name text={definition.name} />
                    </a>
                  </h2>
                  <span class="effect">{tierName(definition.tier)}</span>
                  <span class="end quiet">
                    version {version}, <Ago at={updatedAt} />
                  </span>
                </div>
                <p class="quiet small">
                  <Name text={definition.model} /> · grounding {definition.grounding}
                </p>
              </li>
            ))}
          </ul>
        </Layout>,
      );
    })
    .get('/:name', async (c) => {
      const name = c.req.param('name');
      const frame = await frameOf(c, 'agents', `Agent ${visibleText(name, 80)}`);
      const agent = (await c.get('commands').listAgents()).find(({ definition }) => definition.name === name);
      if (!agent) throw new GatehouseError('agent-unknown', `there is no agent \`${visibleText(name, 80)}\``);
      const { definition } = agent;
      return c.html(
        <Layout frame={frame}>
          <Heading
            title={
              <>
                <span class="quiet">Agent</span> <Name text={definition.name} />
              </>
            }
          >
            <p class="row">
              <span class="effect">{tierName(definition.tier)}</span>
              <span class="quiet">version {agent.version}</span>
              <a href={`${paths.runs}?agent=${encodeURIComponent(definition.name)}`}>its runs</a>
            </p>
          </Heading>
          <div class="columns even">
            <section class="card" aria-labelledby="permissions">
              <h2 id="permissions">Permissions</h2>
              <Facts rows={permissionRows(definition)} />
            </section>
            <section class="card" aria-labelledby="budget">
              <h2 id="budget">Budget</h2>
              <Facts rows={budgetRows(definition)} />
            </section>
          </div>
          <section class="card" aria-labelledby="prompt">
            <h2 id="prompt">System prompt</h2>
            <Theirs author="requester" title="Of the agent file" text={definition.systemPrompt} />
          </section>
          <section class="card" aria-labelledby="definition">
            <h2 id="definition">Definition</h2>
            <Theirs
              author="requester"
              title="As stored"
              text={JSON.stringify({ ...definition, tier: tierName(definition.tier) }, null, 2)}
              maxLength={100_000}
            />
          </section>
        </Layout>,
      );
    });

function Facts({ rows }: { rows: [string, string][] }) {
  return (
    <dl class="facts">
      {rows.map(([name, value]) => (
        <div>
          <dt>{name}</dt>
          <dd>
            <Name text={value} maxLength={2_000} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** What the agent may do, its tier joined with its file. */
function permissionRows(agent: Agent): [string, string][] {
  const { allowed, deniedTools, requiresApproval } = tighten(permissionsOfTier(agent.tier), agent);
  const asked = [
    ...(requiresApproval.prCreation ? ['pull requests'] : []),
    ...(requiresApproval.credentialRequest ? ['credentials'] : []),
    ...(requiresApproval.productionAccess ? ['production'] : []),
  ];
  return [
    ['Tools', allowed.kind === 'all' ? 'all but those denied' : listed(allowed.tools)],
    ['Denied tools', listed(deniedTools)],
    ['Asks people for', listed(asked)],
    ['When it asks', agent.onAsk === 'wait' ? 'the run waits' : 'the call is refused at once'],
    ['Grounding', agent.grounding],
    ['Protected branches', listed(agent.protectedBranches)],
    ['Protected paths', listed(agent.protectedPaths)],
    ['Protected contexts', listed(agent.protectedContexts)],
    ['Network', listed(agent.network)],
    ['Trusted tools', listed(agent.trustedTools)],
    ['Own tools', listed(agent.tools.map(({ name }) => name))],
    ['Validates with', agent.validate ? agent.validate.join(' ') : 'the built-in checks'],
  ];
}

function budgetRows(agent: Agent): [string, string][] {
  const budget = { ...DEFAULT_BUDGET, ...agent.budget };
  const count = (value: number) => value.toLocaleString('en');
  return [
    ['Turns', count(budget.maxTurns)],
    ['Tokens', count(budget.maxTokens)],
    ['Tool calls', count(budget.maxToolCalls)],
    ['Time', duration(budget.maxDurationMs)],
    ['Pipeline runs', count(budget.maxPipelineRuns)],
    ['Credentials', count(budget.maxCredentialRequests)],
    ['When it is used up', agent.onBudget === 'fail' ? 'the run fails' : 'the run waits for a top-up'],
  ];
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ');
}
