import { Hono } from 'hono';
import type { PolicyDifference } from '../../commands/diff-policy';
import { versionOf } from '../../commands/policy-version';
import { visibleText } from '../../domain/visible-text';
import { claimsOf } from '../../policy/check/claims';
import type { ConsoleDependencies } from '../dependencies';
import type { ConsoleContext, ConsoleEnvironment } from '../environment';
import { frameOf, mayDo, query, requireScope } from '../page';
import { Patch } from '../parts/diff';
import { Heading, Layout } from '../parts/layout';
import { Name, Theirs } from '../parts/theirs';
import { paths } from '../paths';
import { PublishedCoverage } from './policy-coverage';
import { createPolicyEditor, EDITOR } from './policy-editor';
import { Versions } from './policy-versions';

/** The organization's policies: what they say, how they came to be, and what they enforce. */
export const createPolicyPages = ({ artifacts }: Pick<ConsoleDependencies, 'artifacts'>) =>
  new Hono<ConsoleEnvironment>()
    .route('/-', createPolicyEditor({ artifacts }))
    .get('/', async (c) => {
      const frame = await frameOf(c, 'policies', 'Policies');
      const policies = await c.get('commands').listPolicies();
      return c.html(
        <Layout frame={frame}>
          <Heading title="Policies">
            {mayDo(c, 'policies:write') ? (
              <a class="button primary" href={EDITOR}>
                New policy
              </a>
            ) : null}
          </Heading>
          <ul class="list">
            {policies.map((policy) => {
              const bullets = claimsOf(policy);
              const enforced = bullets.filter(({ rules }) => rules.length > 0).length;
              return (
                <li class="card item" data-item>
                  <div class="card-head">
                    <h2>
                      <a href={paths.policy(policy.name)} data-open>
                        <Name text={policy.name} />
                      </a>
                    </h2>
                    <span class="end quiet">version {policy.version}</span>
                  </div>
                  <p class="quiet small">
                    {enforced} of {bullets.length} bullets have a rule, {bullets.length - enforced} advise
                  </p>
                  {bullets.length > 0 ? (
                    <progress
                      value={enforced}
                      max={bullets.length}
                      aria-label={`${enforced} of ${bullets.length} bullets have a rule`}
                    />
                  ) : null}
                </li>
              );
            })}
          </ul>
        </Layout>,
      );
    })
    .get('/:name', async (c) => {
      const name = c.req.param('name');
      const frame = await frameOf(c, 'policies', `Policy ${visibleText(name, 80)}`);
      const versions = await c.get('commands').showPolicyHistory(name);
      const latest = versions[0]!;
      const wanted = numberOf(c, 'version') ?? latest.version;
      const { version, content, tests } = versionOf(name, versions, wanted);
      const coverage = await c.get('commands').coverPolicy(name, { version });
      return c.html(
        <Layout frame={frame}>
          <Heading
            title={
              <>
                <span class="quiet">Policy</span> <Name text={name} />
              </>
            }
          >
            <p class="row">
              <span class="quiet">
                version {version}
                {version === latest.version ? '' : `, of ${latest.version}`}
              </span>
              {mayDo(c, 'policies:write') ? (
                <a class="button" href={`${EDITOR}?name=${encodeURIComponent(name)}`}>
                  Edit and simulate
                </a>
              ) : null}
            </p>
          </Heading>
          <div class="columns">
            <div class="stack">
              <PublishedCoverage coverage={coverage} claims={claimsOf({ name, version, content })} />
              <section class="card" aria-labelledby="text">
                <h2 id="text">Text</h2>
                <Theirs author="policy" text={content} maxLength={200_000} />
                {tests === null ? null : (
                  <details>
                    <summary>Its tests</summary>
                    <Theirs author="policy" title="Tests" text={tests} maxLength={200_000} />
                  </details>
                )}
              </section>
            </div>
            <div class="stack side">
              <Versions
                name={name}
                versions={versions}
                shown={version}
                csrf={c.get('csrf')}
                mayWrite={mayDo(c, 'policies:write')}
              />
            </div>
          </div>
        </Layout>,
      );
    })
    .get('/:name/difference', async (c) => {
      const name = c.req.param('name');
      const frame = await frameOf(c, 'policies', `Difference of ${visibleText(name, 80)}`);
      const difference = await c
        .get('commands')
        .diffPolicy(name, { from: numberOf(c, 'from'), to: numberOf(c, 'to') });
      return c.html(
        <Layout frame={frame}>
          <Heading
            title={
              <>
                <span class="quiet">Difference of</span> <Name text={name} />
              </>
            }
          >
            <a class="button" href={paths.policy(name)}>
              Back
            </a>
          </Heading>
          <DifferenceView difference={difference} />
        </Layout>,
      );
    })
    .post('/:name/rollback', async (c) => {
      requireScope(c.get('caller'), 'policies:write');
      const name = c.req.param('name');
      const to = Number(c.get('form').text('to'));
      await c.get('commands').rollbackPolicy(name, { to, by: c.get('caller').person });
      return c.redirect(paths.policy(name), 303);
    });

/** What differs between two texts of a policy. */
export function DifferenceView({ difference: { from, to, patch } }: { difference: PolicyDifference }) {
  const titleOf = ({ version }: PolicyDifference['from']) =>
    version === null ? 'your text' : `version ${version}`;
  if (patch === '') return <p class="quiet">Both texts are the same.</p>;
  return <Patch title={`From ${titleOf(from)} to ${titleOf(to)}`} patch={patch} />;
}

function numberOf(c: ConsoleContext, name: string): number | undefined {
  const value = query(c, name);
  return /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}
