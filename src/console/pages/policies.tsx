import { Hono } from 'hono';
import type { PolicyDifference } from '../../commands/diff-policy';
import { visibleText } from '../../domain/visible-text';
import { type ClaimedBullet, claimsOf } from '../../policy/check/claims';
import type { PolicyVersion } from '../../store/policy-store';
import type { ConsoleDependencies } from '../dependencies';
import type { ConsoleContext, ConsoleEnvironment } from '../environment';
import { frameOf, mayDo, query, requireScope } from '../page';
import { Badge } from '../parts/badges';
import { Patch } from '../parts/diff';
import { ActionForm } from '../parts/form';
import { Heading, Layout } from '../parts/layout';
import { Name, Theirs } from '../parts/theirs';
import { Ago } from '../parts/times';
import { paths } from '../paths';
import { createPolicyEditor, EDITOR } from './policy-editor';

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
              <span class="quiet">version {latest.version}</span>
              {mayDo(c, 'policies:write') ? (
                <a class="button" href={`${EDITOR}?name=${encodeURIComponent(name)}`}>
                  Edit and simulate
                </a>
              ) : null}
            </p>
          </Heading>
          <div class="columns">
            <div class="stack">
              <Coverage bullets={claimsOf({ name, version: latest.version, content: latest.content })} />
              <section class="card" aria-labelledby="text">
                <h2 id="text">Text</h2>
                <Theirs author="policy" text={latest.content} maxLength={200_000} />
              </section>
            </div>
            <div class="stack side">
              <Versions c={c} name={name} versions={versions} />
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

function Coverage({ bullets }: { bullets: readonly ClaimedBullet[] }) {
  if (bullets.length === 0) return null;
  return (
    <section class="card" aria-labelledby="coverage">
      <h2 id="coverage">What it enforces</h2>
      <ul class="rows bullets">
        {bullets.map(({ text, rules }) => (
          <li>
            <Badge
              tone={rules.length > 0 ? 'good' : 'quiet'}
              text={rules.length > 0 ? 'has a rule' : 'advises'}
            />
            <span class="grow">
              <Name text={text} maxLength={400} />
              {rules.length > 0 ? (
                <span class="quiet small block">
                  <Name text={rules.join(', ')} maxLength={300} />
                </span>
              ) : null}
            </span>
          </li>
        ))}
      </ul>
      <p class="quiet small">
        As its rules claim; <code>gatehouse policy coverage</code> proves each claim by the tests beside the
        file.
      </p>
    </section>
  );
}

interface VersionsProps {
  c: ConsoleContext;
  name: string;
  versions: readonly PolicyVersion[];
}

function Versions({ c, name, versions }: VersionsProps) {
  const mayWrite = mayDo(c, 'policies:write');
  return (
    <section class="card" aria-labelledby="versions">
      <h2 id="versions">Versions</h2>
      <ol class="rows versions">
        {versions.map(({ version, publishedBy, publishedAt }, index) => (
          <li>
            <strong>{version}</strong>
            <span class="grow quiet">
              <Name text={publishedBy} maxLength={60} />, <Ago at={publishedAt} />
            </span>
            {index < versions.length - 1 ? (
              <a href={`${paths.policy(name)}/difference?to=${version}`}>
                difference<span class="unseen"> of version {version}</span>
              </a>
            ) : null}
            {mayWrite && index > 0 ? (
              <details>
                <summary>Go back</summary>
                <ActionForm action={`${paths.policy(name)}/rollback`} csrf={c.get('csrf')}>
                  <button type="submit" name="to" value={String(version)} class="danger">
                    Publish version {version} again
                  </button>
                </ActionForm>
              </details>
            ) : null}
          </li>
        ))}
      </ol>
    </section>
  );
}

function numberOf(c: ConsoleContext, name: string): number | undefined {
  const value = query(c, name);
  return /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}
