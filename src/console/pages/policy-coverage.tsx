import type { CandidateResult } from '../../commands/candidate-policies';
import type { Coverage } from '../../policy/check/coverage';
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
                  <TheirWords text={tests.join(', ')} maxLength={400} />
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
    </section>
  );
}
