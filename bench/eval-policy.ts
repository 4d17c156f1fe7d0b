/**
 * Measures the gate's verdicts on outside data: `npm run eval:policy -- --data DIR [--only NAME] [--misses]`.
 *
 * Goes through the door that `gatehouse policy eval` uses. Nothing is executed; commands are text to judge. The exit
 * code is 1 when a target was missed.
 */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { publicMessage } from '../src/domain/errors';
import { destructiveCommands, everydayCommands, remediations, riskyScripts } from './eval/commands';
import { injections } from './eval/injections';
import { isReached, lineOf, type Measure } from './eval/measure';
import { corpusReader, type ReadCorpus } from './eval/read-corpus';

const CORPORA: Record<string, (read: ReadCorpus) => Measure[]> = {
  dcg: destructiveCommands,
  redcode: riskyScripts,
  nl2bash: everydayCommands,
  itbench: remediations,
  agentdojo: injections,
};

function main(): number {
  const { values } = parseArgs({
    options: {
      data: { type: 'string', default: process.env.GATEHOUSE_EVAL_DATA },
      only: { type: 'string' },
      misses: { type: 'boolean', default: false },
    },
  });
  if (!values.data || !existsSync(values.data)) {
    console.error(
      'eval:policy needs a folder with the data that is there: `--data DIR`, or GATEHOUSE_EVAL_DATA',
    );
    return 2;
  }
  const names = Object.keys(CORPORA).filter((name) => values.only === undefined || name === values.only);
  if (names.length === 0) {
    console.error(`--only takes one of ${Object.keys(CORPORA).join(', ')}`);
    return 2;
  }
  const read = corpusReader(values.data, console.error);
  const measures = names.flatMap((name) => {
    const startedAt = performance.now();
    const measured = CORPORA[name]!(read);
    for (const measure of measured) report(measure, values.misses);
    console.log(`${name.padEnd(20)} ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
    return measured;
  });
  const reached = measures.filter(isReached).length;
  console.log(`eval:policy: ${reached} of ${measures.length} targets reached`);
  return reached === measures.length ? 0 : 1;
}

function report(measure: Measure, showMisses: boolean): void {
  console.log(lineOf(measure));
  if (!showMisses) return;
  for (const { id, told } of measure.rows.filter(({ isRight }) => !isRight)) console.log(`  ${id} ${told}`);
}

try {
  process.exitCode = main();
} catch (error) {
  console.error(publicMessage(error));
  process.exitCode = 2;
}
