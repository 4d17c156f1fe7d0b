/**
 * Times the gate in this process: `npm run bench:policy -- [--corpus DIR] [--rounds N]`.
 *
 * Whole judgements, from a call's text to its decision, beside the same rules in Cedar alone and in node-casbin. The
 * exit code is 1 when a target was missed.
 */
import { parseArgs } from 'node:util';
import { attacks, corpusCommands, syntheticCommands, timeCommands } from './policy/commands';
import { applyingRules, commandRules, foreignRules, gateWith, readsUnder, verdictOf } from './policy/gate';
import { casbin, rawCedar } from './policy/other-engines';
import { type Timing, timeInTurns } from './policy/timings';

const CALLS = 500;
/** Those that take milliseconds are called less often. */
const FEW_CALLS = 100;
const ATTACK_LENGTH = 100_000;
/** The longest command that is read at all. */
const READ_LENGTH = 50_000;

interface Target {
  name: string;
  found: string;
  isReached: boolean;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { corpus: { type: 'string' }, rounds: { type: 'string', default: '25' } },
  });
  const targets: Target[] = [];
  const timings = await timeGates(Number(values.rounds));
  printTable(timings);
  targets.push(...gateTargets(timings));

  const samples = [{ name: 'made-up lines', commands: syntheticCommands(5_000) }];
  if (values.corpus) samples.push({ name: 'the corpus', commands: corpusCommands(values.corpus) });
  for (const { name, commands } of samples) {
    timeCommands(commands.slice(0, 1_000), 1);
    const timing = timeCommands(commands, 6);
    printTable(new Map([[`run-command, ${commands.length} of ${name}`, timing]]));
    targets.push(target(`command analysis on ${name}: p99 <= 1 ms`, timing.p99, 1));
  }
  const hostile = [...attacks(ATTACK_LENGTH), ...attacks(READ_LENGTH)];
  const slowest = hostile.reduce((one, other) => (other.tookMs > one.tookMs ? other : one));
  const allowed = hostile.filter(({ wasAllowed }) => wasAllowed);
  targets.push({
    name: `hostile lines of ${ATTACK_LENGTH / 1_000} and ${READ_LENGTH / 1_000} KB: <= 50 ms, none allowed`,
    found: `${slowest.tookMs.toFixed(1)} ms (${slowest.name}), allowed: ${allowed.map(({ name }) => name).join(', ') || 'none'}`,
    isReached: slowest.tookMs <= 50 && allowed.length === 0,
  });

  console.log('');
  for (const { name, found, isReached } of targets)
    console.log(`${isReached ? 'reached' : 'MISSED '}  ${name}: ${found}`);
  const reached = targets.filter(({ isReached }) => isReached).length;
  console.log(`bench:policy: ${reached} of ${targets.length} targets reached`);
  return reached === targets.length ? 0 : 1;
}

const FOREIGN = [0, 100, 1_000, 10_000];
const APPLYING = [1, 5, 10];

async function timeGates(rounds: number): Promise<Map<string, Timing>> {
  const commands = gateWith(commandRules(10), 'SANDBOX');
  return timeInTurns(
    [
      ...FOREIGN.map((count) =>
        readsUnder(`read-file, ${count} rules about other tools`, foreignRules(count), CALLS),
      ),
      ...APPLYING.map((count) =>
        readsUnder(
          `read-file, ${count} that apply among 1000`,
          [...applyingRules(count), ...foreignRules(1_000)],
          CALLS,
        ),
      ),
      {
        name: 'run-command, 10 that apply',
        calls: CALLS,
        work: (call) =>
          void verdictOf(commands, 'run-command', { command: `grep -rn "name-${call}" modules | sort` }),
      },
      rawCedar('Cedar alone, 1000 rules about other tools', foreignRules(1_000), FEW_CALLS),
      await casbin('node-casbin, 1000 rules about other tools', 1_000, FEW_CALLS),
    ],
    rounds,
  );
}

function gateTargets(timings: ReadonlyMap<string, Timing>): Target[] {
  const of = (start: string) =>
    [...timings].filter(([name]) => name.startsWith(start)).map(([, timing]) => timing);
  const worst = (list: Timing[], key: keyof Timing) => Math.max(...list.map((timing) => timing[key]));
  const foreign = FOREIGN.flatMap((count) => of(`read-file, ${count} rules`));
  const applying = APPLYING.flatMap((count) => of(`read-file, ${count} that apply`));
  const [few, many] = [of('read-file, 100 rules'), of('read-file, 10000 rules')];
  const thousand = of('read-file, 1000 rules');
  const ahead = (engine: string, start: string): Target => {
    const ratio = worst(of(start), 'p50') / worst(thousand, 'p50');
    return {
      name: `1000 rules about other tools: ahead of ${engine} (p50)`,
      found: `${ratio.toFixed(1)} times`,
      isReached: ratio > 1,
    };
  };
  const growth = worst(many, 'p50') / worst(few, 'p50');
  return [
    target('rules about other tools: p50 <= 0.05 ms', worst(foreign, 'p50'), 0.05),
    target('rules about other tools: p99 <= 0.5 ms', worst(foreign, 'p99'), 0.5),
    {
      name: 'from 100 to 10000 rules about other tools: less than 2 times (p50)',
      found: `${growth.toFixed(2)} times`,
      isReached: growth < 2,
    },
    target('1 to 10 rules that apply: p50 <= 0.25 ms', worst(applying, 'p50'), 0.25),
    target('1 to 10 rules that apply: p99 <= 1.5 ms', worst(applying, 'p99'), 1.5),
    ahead('Cedar alone', 'Cedar alone'),
    ahead('node-casbin', 'node-casbin'),
  ];
}

function target(name: string, foundMs: number, limitMs: number): Target {
  return { name, found: `${foundMs.toFixed(4)} ms`, isReached: foundMs <= limitMs };
}

function printTable(timings: ReadonlyMap<string, Timing>): void {
  for (const [name, { p50, p99 }] of timings)
    console.log(
      `${name.padEnd(46)} p50 ${p50.toFixed(4).padStart(9)} ms   p99 ${p99.toFixed(4).padStart(9)} ms`,
    );
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error);
    process.exitCode = 2;
  },
);
