import type { RunInput } from '../../src/domain/run';
import { RunState } from '../../workflows/run-state';

const input = { runId: 'one', organizationId: 'local', agent: 'demo', prompt: 'look' } as RunInput;

test('what people answered grounds calls, the latest of it when it would not cross continue-as-new', () => {
  const run = new RunState(input, Date.now);
  run.hear('first');
  expect(run.facts.answers).toEqual(['first']);
  for (let answer = 1; answer <= 200; answer++) run.hear(`${answer}${'漢'.repeat(20_000)}`);
  run.hear('last', 'of all');
  expect(run.facts.answers.map((answer) => answer.slice(0, 6))).toEqual([
    '198漢漢漢',
    '199漢漢漢',
    '200漢漢漢',
    'last',
    'of all',
  ]);
});
