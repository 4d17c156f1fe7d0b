import { Hono } from 'hono';
import type { CandidatePolicy } from '../../commands/candidate-policies';
import type { PolicyDifference } from '../../commands/diff-policy';
import type { PolicySimulation } from '../../commands/simulate-policies';
import { GatehouseError, publicMessage } from '../../domain/errors';
import { parsePolicy } from '../../policy/policy-file';
import type { FiledPolicy } from '../../policy/policy-folder';
import { problemLine, refuseBrokenRules } from '../../policy/rule-problems';
import { catalogueOf } from '../../tools/catalogue';
import type { ConsoleDependencies } from '../dependencies';
import type { ConsoleContext, ConsoleEnvironment } from '../environment';
import { frameOf, query, requireScope } from '../page';
import { VerdictBadge } from '../parts/badges';
import { Patch } from '../parts/diff';
import { ActionForm } from '../parts/form';
import { Heading, Layout, Notice } from '../parts/layout';
import { Name, TheirWords } from '../parts/theirs';
import { Reasons } from '../parts/timeline';
import { paths } from '../paths';
import { CandidateCoverage, type CoverageResult } from './policy-coverage';

/** Where a candidate is written, tried and published. */
export const EDITOR = `${paths.policies}/-/candidate`;

/** How many of the latest runs a candidate is tried on. */
const RUNS_SIMULATED = 50;
const FLIPS_SHOWN = 50;

/** A policy as a text: tried on recorded runs first, then published. */
export const createPolicyEditor = ({ artifacts }: Pick<ConsoleDependencies, 'artifacts'>) =>
  new Hono<ConsoleEnvironment>()
    .get('/candidate', async (c) => {
      requireScope(c.get('caller'), 'policies:write');
      return c.html(await editor(c, await startingText(c)));
    })
    .post('/candidate', async (c) => {
      requireScope(c.get('caller'), 'policies:write');
      const text = c.get('form').text('text');
      const tests = c.get('form').text('tests');
      const isPublished = c.get('form').text('step') === 'publish';
      let candidate: FiledPolicy;
      try {
        candidate = await readCandidate(c, text);
        if (isPublished) await publish(c, candidateOf(text, tests));
      } catch (error) {
        if (!(error instanceof GatehouseError)) throw error;
        return c.html(await editor(c, { text, tests, problem: publicMessage(error) }), 422);
      }
      if (isPublished) return c.redirect(paths.policy(candidate.name), 303);
      const [simulation, difference, coverage] = await Promise.all([
        c.get('commands').simulatePolicies([candidate], {
          limit: RUNS_SIMULATED,
          artifacts: { get: artifacts.get, put: artifacts.put },
        }),
        differenceOf(c, candidate),
        c.get('commands').candidates.coverage([candidateOf(text, tests)]),
      ]);
      return c.html(await editor(c, { text, tests, trial: { simulation, difference, coverage } }));
    });

interface Trial {
  simulation: PolicySimulation;
  /** Null for a policy that is new. */
  difference: PolicyDifference | null;
  /** What its rules enforce, proven by its tests. */
  coverage: CoverageResult;
}

async function editor(
  c: ConsoleContext,
  { text, tests = '', problem, trial }: { text: string; tests?: string; problem?: string; trial?: Trial },
) {
  return (
    <Layout frame={await frameOf(c, 'policies', 'Policy editor')}>
      <Heading title="Write, try, publish">
        <p class="quiet">Nothing changes until it is published; a stricter policy then counts at once.</p>
      </Heading>
      {problem ? (
        <Notice tone="bad">
          <TheirWords text={problem} maxLength={3_000} />
        </Notice>
      ) : null}
      {trial ? <TrialView trial={trial} text={text} tests={tests} csrf={c.get('csrf')} /> : null}
      {trial ? <CandidateCoverage coverage={trial.coverage} /> : null}
      <section class="card" aria-labelledby="candidate">
        <h2 id="candidate">The policy’s file</h2>
        <ActionForm action={EDITOR} csrf={c.get('csrf')} class="stack">
          <label>
            <span class="unseen">Text of the policy</span>
            <textarea name="text" rows={22} required spellcheck={false} class="code">
              {text}
            </textarea>
          </label>
          <details open={tests !== ''}>
            <summary>Tests beside the file</summary>
            <label>
              <span class="unseen">Tests of the policy, as YAML</span>
              <textarea name="tests" rows={10} spellcheck={false} class="code">
                {tests}
              </textarea>
            </label>
            <p class="quiet small">
              They prove what the rules claim to enforce, and are kept with the version. One that fails keeps
              it from being published.
            </p>
          </details>
          <button type="submit" name="step" value="try" class={trial ? '' : 'primary'}>
            Simulate on the latest runs
          </button>
        </ActionForm>
      </section>
    </Layout>
  );
}

function TrialView({
  trial: { simulation, difference },
  text,
  tests,
  csrf,
}: {
  trial: Trial;
  text: string;
  tests: string;
  csrf: string;
}) {
  const { runs, calls, changed, changedAlready, flips, voided, unknown } = simulation;
  return (
    <section class="card stack" aria-labelledby="trial">
      <h2 id="trial">What it would change</h2>
      <p>
        {calls} calls of {runs} runs were judged again: <strong>{changed - changedAlready}</strong> would be
        decided otherwise{changedAlready > 0 ? `, ${changedAlready} more by what is published already` : ''}.
        {unknown > 0 ? ` ${unknown} could not be judged, since their content is gone.` : ''}{' '}
        {voided.length > 0 ? `${voided.length} waiting approvals would become void.` : ''}
      </p>
      {flips.length > 0 ? (
        <ul class="rows">
          {flips.slice(0, FLIPS_SHOWN).map(({ runId, tool, from, to, reasonsAfter }) => (
            <li>
              <VerdictBadge verdict={from} /> → <VerdictBadge verdict={to} />
              <strong>
                <Name text={tool} />
              </strong>
              <a href={paths.run(runId)}>
                run <Name text={runId} maxLength={16} />
              </a>
              <div class="full">
                <Reasons reasons={reasonsAfter} />
              </div>
            </li>
          ))}
        </ul>
      ) : null}
      {difference?.patch ? (
        <Patch title="Difference from what is published" patch={difference.patch} />
      ) : null}
      <ActionForm action={EDITOR} csrf={csrf} class="row">
        <input type="hidden" name="text" value={text} />
        <input type="hidden" name="tests" value={tests} />
        <button type="submit" name="step" value="publish" class="primary">
          Publish it
        </button>
      </ActionForm>
    </section>
  );
}

/** @throws GatehouseError `policy-check-failed`, naming the line of every problem */
async function publish(c: ConsoleContext, candidate: CandidatePolicy): Promise<void> {
  const checked = await c.get('commands').candidates.publish([candidate], c.get('caller').person);
  if (!checked.isGood)
    throw new GatehouseError(
      'policy-check-failed',
      `it does not pass its check: ${checked.problems.map(problemLine).join('; ')}`,
    );
}

function candidateOf(content: string, tests: string): CandidatePolicy {
  return { file: 'your-text.md', content, ...(tests.trim() === '' ? {} : { tests }) };
}

/** @throws GatehouseError `policy-file-invalid`, naming the line of every problem */
async function readCandidate(c: ConsoleContext, text: string): Promise<FiledPolicy> {
  const policy = parsePolicy(text, 'your text');
  const firstLine = text.slice(0, text.length - policy.content.length).split('\n').length;
  const filed = { ...policy, file: 'your text', firstLine };
  const agents = await c.get('commands').listAgents();
  const declared = new Map(
    agents.flatMap(({ definition }) => definition.tools).map((tool) => [tool.name, tool]),
  );
  refuseBrokenRules([filed], catalogueOf([...declared.values()], 'replace').values());
  return filed;
}

async function differenceOf(c: ConsoleContext, candidate: FiledPolicy): Promise<PolicyDifference | null> {
  try {
    return await c.get('commands').diffPolicyFile(candidate);
  } catch (error) {
    if (error instanceof GatehouseError && error.code === 'policy-unknown') return null;
    throw error;
  }
}

/** The latest version under the next number and its tests, or a small example. */
async function startingText(c: ConsoleContext): Promise<{ text: string; tests?: string }> {
  const name = query(c, 'name');
  if (name === '')
    return {
      text: `---\nname: My policy\nversion: 1\n---\n## Policy: My policy\n- Say what MUST hold, one bullet each\n`,
    };
  const [latest] = await c.get('commands').showPolicyHistory(name);
  const head = `---\nname: ${JSON.stringify(name)}\nversion: ${(latest?.version ?? 0) + 1}\n---\n`;
  return { text: head + (latest?.content ?? ''), tests: latest?.tests ?? '' };
}
