/** Texts made to cost time or memory: each is answered soon, and none is allowed for being too much. */
import { analyseCommand } from '../../src/shell/analyse-command';

const context = {
  runId: 'r1',
  branch: 'gatehouse/r1',
  cwd: '.',
  settings: {
    grounding: 'ask',
    trustedTools: [],
    protectedBranches: ['main'],
    protectedPaths: [],
    protectedContexts: ['prod*'],
    network: [],
    onAsk: 'wait',
    onBudget: 'fail',
    validate: null,
  },
} as Parameters<typeof analyseCommand>[1];

const analyse = (text: string) => analyseCommand(text, context);

const ADVERSARIAL: [name: string, text: string][] = [
  ['nested $(', '$('.repeat(50_000)],
  ['nested and closed $( )', `${'$('.repeat(20_000)}ls${')'.repeat(20_000)}`],
  ['backticks', '`'.repeat(100_000)],
  ['double quotes', '"'.repeat(99_999)],
  ['single quotes', `'`.repeat(99_999)],
  ['open braces', '{'.repeat(100_000)],
  ['brace choices that multiply', `echo ${'{a,b}'.repeat(2_000)}`],
  ['brace ranges', `echo ${'{1..99999}'.repeat(2_000)}`],
  ['defaults in defaults', `echo ${'${a:-'.repeat(20_000)}`],
  ['eval in eval', `${'eval '.repeat(20_000)}ls`],
  ['sudo in sudo', `${'sudo '.repeat(20_000)}ls`],
  ['a short chain of sudo', `${'sudo '.repeat(3_000)}ls`],
  ['pipes', 'ls | '.repeat(20_000)],
  ['lists', 'ls ; '.repeat(20_000)],
  ['here-documents', 'cat <<E\n'.repeat(12_000)],
  ['one long word', 'a'.repeat(100_000)],
  ['blanks', ' '.repeat(100_000)],
  ['subshells', '('.repeat(100_000)],
  ['arithmetic', `echo $((${'('.repeat(40_000)}`],
  ['backslashes', '\\'.repeat(100_000)],
  ['loops in loops', `${'while ls; do '.repeat(30)}ls${'; done'.repeat(30)}`],
  ['known loops in loops', `${'for x in 1 2 3 4 5 6 7 8 9; do '.repeat(20)}ls${'; done'.repeat(20)}`],
  [
    'functions that double',
    `${Array.from({ length: 40 }, (_, i) => `f${i + 1}() { f${i}; f${i}; }; `).join('')}f40`,
  ],
  ['text that doubles', `x=ls; ${'x="$x;$x"; '.repeat(60)}eval "$x"`],
  ['values that double', `x=aaaa; ${'x="$x$x"; '.repeat(60)}echo "$x"`],
  ['replacements that multiply', `x=aaaaaaaaaa; ${'x="${x//a/aaaaaaaaaa}"; '.repeat(30)}echo "$x"`],
  ['patterns', `sed -n '${'s/[/'.repeat(4_000)}' x`],
  ['code in another language', `python3 -c "${"os.system('".repeat(1_500)}"`],
];

test.each(ADVERSARIAL)('%s: answered in a bounded time, without a throw', (_, text) => {
  analyse('ls');
  const began = process.cpuUsage();
  const judgement = analyse(text);
  // Of this process, whatever else the machine does: what is not linear takes minutes or all memory.
  const { user, system } = process.cpuUsage(began);
  expect((user + system) / 1_000).toBeLessThan(1_500);
  expect(judgement.findings?.some(({ rule }) => rule === 'analysis-failed') ?? false).toBe(false);
});

test('a line that is too long to be read is asked about, never allowed', () => {
  expect(analyse('ls '.repeat(40_000)).findings).toMatchObject([{ verdict: 'ask', rule: 'too-long' }]);
});
