import type { CandidateResult } from '../../commands/candidate-policies';
import type { PolicyCoverage } from '../../commands/cover-policy';
import type { Problem } from '../../policy/cedar/check-rules';
import type { ClaimedBullet } from '../../policy/check/claims';
import type { Coverage, CoveredBullet } from '../../policy/check/coverage';
import { problemLine } from '../../policy/rule-problems';
import { Badge } from '../parts/badges';
import { Name, TheirWords } from '../parts/theirs';

export type CoverageResult = CandidateResult<Coverage>;

/** Each bullet with the rules that hold it and the tests that fail without them; claims that are not accepted below. */
export function CandidateCoverage({ coverage }: { coverage: CoverageResult }) {
  const bullets = coverage.isGood ? coverage.result.bullets : [];
  const problems = coverage.isGood ? coverage.result.problems : coverage.problems;
  if (bullets.length + problems.length === 0) return null;
  return (
    <section class="card" aria-labelledby="proven">
      <h2 id="proven">What it enforces, by its tests</h2>
      <Proven bullets={bullets} problems={problems} />
    </section>
  );
}

interface PublishedCoverageProps {
  coverage: PolicyCoverage;
  /** What its rules say they enforce. */
  claims: readonly ClaimedBullet[];
}

/** The same of a published version, by the tests kept with it; what its rules claim where there are none. */
export function PublishedCoverage({ coverage, claims }: PublishedCoverageProps) {
  const { bullets, problems, hasTests } = coverage;
  if (bullets.length === 0) return null;
  const hasRules = claims.some(({ rules }) => rules.length > 0);
  return (
    <section class="card" aria-labelledby="coverage">
      <h2 id="coverage">What it enforces{hasTests ? ', by its tests' : ''}</h2>
      {hasTests || !hasRules ? (
        <Proven bullets={bullets} problems={problems} />
      ) : (
        <Claimed bullets={claims} />
      )}
      {hasTests || !hasRules ? null : (
        <p class="quiet small">
          As its rules claim: this version was published without tests, which would prove it.
        </p>
      )}
    </section>
  );
}

function Proven({ bullets, problems }: { bullets: readonly CoveredBullet[]; problems: readonly Problem[] }) {
  return (
    <ul class="rows bullets">
      {bullets.map(({ text, state, rules }) => (
        <li>
          <Badge
            tone={state === 'enforced' ? 'good' : 'quiet'}
            text={state === 'enforced' ? 'enforced' : 'advises'}
          />
          <span class="grow">
            <Name text={text} maxLength={400} />
            {rules.map(({ id, tests }) => (
              <span class="quiet small block">
                <Name text={id} /> · {tests.length} {tests.length === 1 ? 'test' : 'tests'}:{' '}
                <TheirWords text={tests.join('; ')} maxLength={400} />
              </span>
            ))}
          </span>
        </li>
      ))}
      {problems.map((problem) => (
        <li>
          <Badge tone="bad" text="not accepted" />
          <span class="grow">
            <TheirWords text={problemLine(problem)} maxLength={600} />
          </span>
        </li>
      ))}
    </ul>
  );
}

function Claimed({ bullets }: { bullets: readonly ClaimedBullet[] }) {
  return (
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
  );
}
