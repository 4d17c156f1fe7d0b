import { readAgentFile } from '../policy/agent-file';
import { type CheckedPolicy, checkPolicies } from '../policy/check/check-policies';
import { policyFiles } from '../policy/policy-folder';
import { problemLine } from '../policy/rule-problems';
import { readToolsFile } from '../policy/tools-file';
import { catalogueOf } from '../tools/catalogue';
import { readInput } from './bad-input';
import type { CliContext, ExitCode } from './context';
import { table } from './table';

export interface PolicyCheckOptions {
  /** Agent files. */
  agent: readonly string[];
  tools?: string;
}

/** `gatehouse policy check`: needs no server. */
export async function checkPolicyFolder(
  { terminal }: CliContext,
  folder: string,
  options: PolicyCheckOptions,
): Promise<ExitCode> {
  readInput(() => policyFiles(folder));
  const { agents, tools } = readInput(() => readSurroundings(options));
  const { policies, problems } = await checkPolicies(folder, { agents, tools });
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const warnings = problems.length - errors;
  const isGood = errors === 0;
  if (terminal.isJson) {
    terminal.printJson({ isGood, policies, problems });
    return isGood ? 0 : 1;
  }
  const { colours } = terminal;
  for (const problem of problems) {
    const paint = problem.severity === 'error' ? colours.red : colours.yellow;
    terminal.print(`${paint(problem.severity)} ${problemLine(problem)}`);
  }
  if (problems.length > 0 && policies.length > 0) terminal.print('');
  if (policies.length > 0)
    terminal.print(
      table(
        policies,
        [
          { title: 'POLICY', text: ({ name }) => name },
          { title: 'VERSION', text: ({ version }) => String(version) },
          { title: 'RULES', text: ({ rules }) => String(rules) },
          {
            title: 'TESTS',
            text: testsOf,
            paint: (cell, { tests }) => (tests.failed > 0 ? colours.red(cell) : cell),
          },
          { title: 'FILE', text: ({ file }) => file, maxWidth: 100 },
        ],
        colours,
      ),
    );
  terminal.print(
    `${isGood ? colours.green('good') : colours.red('not good')}: ${counted(errors, 'error')}, ${counted(warnings, 'warning')}`,
  );
  return isGood ? 0 : 1;
}

/** The agents that policies are for, and the tools that rules may name: the built-in ones and all that files declare. */
export function readSurroundings({ agent, tools: toolsFile }: PolicyCheckOptions) {
  const agents = agent.map(readAgentFile);
  const declared = [...agents.flatMap(({ tools }) => tools), ...(toolsFile ? readToolsFile(toolsFile) : [])];
  // Agents may share a tools file.
  const byName = new Map(declared.map((tool) => [tool.name, tool]));
  return { agents, tools: [...catalogueOf([...byName.values()], 'replace').values()] };
}

function testsOf({ tests: { file, passed, failed } }: CheckedPolicy): string {
  if (file === null) return 'none';
  return failed > 0 ? `${failed} failed, ${passed} passed` : `${passed} passed`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
