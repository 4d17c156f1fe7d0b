import { type Coverage, type CoveredBullet, coverageOf } from '../policy/check/coverage';
import { readPolicyFolder } from '../policy/policy-folder';
import { problemLine } from '../policy/rule-problems';
import { readInput } from './bad-input';
import type { CliContext, ExitCode } from './context';
import { table } from './table';
import type { Terminal } from './terminal';
import { withStack } from './with-stack';

/** `gatehouse policy coverage FOLDER`: needs no server. */
export async function showCoverage({ terminal }: CliContext, folder: string): Promise<ExitCode> {
  const policies = readInput(() => readPolicyFolder(folder));
  const { bullets, problems } = await coverageOf(policies);
  const isGood = problems.length === 0;
  if (terminal.isJson) terminal.printJson({ isGood, bullets, problems });
  else print({ bullets, problems }, terminal);
  return isGood ? 0 : 1;
}

/** `gatehouse policy coverage --published NAME`: by the tests that were published with it. */
export async function showPublishedCoverage(
  context: CliContext,
  name: string,
  { at }: { at?: number },
): Promise<ExitCode> {
  const { terminal } = context;
  return withStack(context, async (commands) => {
    const { version, hasTests, bullets, problems } = await commands.coverPolicy(name, { version: at });
    const isGood = problems.length === 0;
    if (terminal.isJson) terminal.printJson({ isGood, name, version, hasTests, bullets, problems });
    else {
      print({ bullets, problems }, terminal);
      if (!hasTests)
        terminal.note(
          `version ${version} was published without tests; \`gatehouse policy publish\` keeps those beside its file`,
        );
    }
    return isGood ? 0 : 1;
  });
}

function print({ bullets, problems }: Coverage, terminal: Terminal): void {
  const { colours } = terminal;
  if (bullets.length > 0)
    terminal.print(
      table(
        bullets,
        [
          {
            title: 'STATE',
            text: ({ state }) => state,
            paint: (cell, { state }) => (state === 'enforced' ? colours.green(cell) : colours.yellow(cell)),
          },
          { title: 'SAYS', text: ({ demand }) => demand ?? '-' },
          { title: 'TESTS', text: ({ rules }) => String(new Set(rules.flatMap(({ tests }) => tests)).size) },
          { title: 'BULLET', text: ({ text }) => text, maxWidth: 80 },
          { title: 'BY', text: byWhat, maxWidth: 300 },
        ],
        colours,
      ),
    );
  for (const problem of problems) terminal.print(`${colours.red('error')} ${problemLine(problem)}`);
  const enforced = bullets.filter(({ state }) => state === 'enforced').length;
  terminal.print(
    `${enforced} of ${bullets.length} bullets enforced, ${bullets.length - enforced} advisory, ${problems.length} claims not accepted`,
  );
}

function byWhat({ rules, file, line }: CoveredBullet): string {
  return rules.length > 0 ? rules.map(({ id }) => id).join(', ') : `${file}:${line}`;
}
