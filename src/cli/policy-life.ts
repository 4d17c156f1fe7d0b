import { checkPolicies } from '../policy/check/check-policies';
import { withTests } from '../policy/check/policy-tests';
import { policyFiles, readPolicyFolder } from '../policy/policy-folder';
import { problemLine } from '../policy/rule-problems';
import { readInput } from './bad-input';
import type { CliContext, ExitCode } from './context';
import { printVoided, summaryOf } from './policy-simulate';
import { agentsAndTools } from './rule-tools';
import { table } from './table';
import { artifactsOf, withStack } from './with-stack';
import { dateAndTime } from './words';

/** How many of the latest runs a publication is tried on: a second or two at most. */
const RUNS_SIMULATED = 50;

/**
 * `gatehouse policy publish`: policies that do not pass their check and their tests are not published. Says what they
 * change, over the latest runs.
 */
export async function publishPolicies(context: CliContext, folder: string): Promise<ExitCode> {
  const { terminal, user } = context;
  readInput(() => policyFiles(folder));
  return withStack(context, async (commands, stack) => {
    const { problems } = await checkPolicies(folder, await agentsAndTools(commands));
    const errors = problems.filter(({ severity }) => severity === 'error');
    if (errors.length > 0) {
      if (terminal.isJson) terminal.printJson({ isPublished: false, problems: errors });
      else
        for (const problem of errors)
          terminal.print(`${terminal.colours.red('error')} ${problemLine(problem)}`);
      terminal.note('nothing was published');
      return 1;
    }
    const policies = readPolicyFolder(folder).map(withTests);
    const simulation = await commands.simulatePolicies(policies, {
      limit: RUNS_SIMULATED,
      artifacts: artifactsOf(stack),
    });
    const { publications, runsTold } = await commands.publishPolicies(policies, user);
    if (terminal.isJson)
      terminal.printJson({
        isPublished: true,
        policies: publications.map(({ policy: { name, version }, isChanged, hasNewTests }) => ({
          ...{ name, version, isChanged, hasNewTests },
        })),
        simulation,
        runsTold,
      });
    else {
      printVoided(terminal, simulation.voided);
      terminal.print(summaryOf(simulation));
      for (const { policy, isChanged, hasNewTests } of publications)
        terminal.print(
          `policy \`${policy.name}\` is ${isChanged ? 'now' : 'already'} version ${policy.version}${
            hasNewTests && !isChanged ? '; its new tests are kept' : ''
          }`,
        );
      if (runsTold > 0) terminal.print(toldLine(runsTold));
    }
    return 0;
  });
}

/** `gatehouse policy rollback`. */
export async function rollbackPolicy(
  context: CliContext,
  name: string,
  { to }: { to?: number },
): Promise<ExitCode> {
  const { terminal, user } = context;
  return withStack(context, async (commands) => {
    const { policy, from, to: back, runsTold } = await commands.rollbackPolicy(name, { to, by: user });
    if (terminal.isJson) terminal.printJson({ name, version: policy.version, from, to: back, runsTold });
    else {
      terminal.print(
        `policy \`${name}\` is now version ${policy.version}, with the content of version ${back}`,
      );
      if (runsTold > 0) terminal.print(toldLine(runsTold));
    }
    return 0;
  });
}

/** `gatehouse policy observe`. */
export async function observePolicies(context: CliContext, isOn: boolean): Promise<ExitCode> {
  const { terminal, user } = context;
  return withStack(context, async (commands) => {
    const mode = isOn ? 'observe' : 'enforce';
    const { runsTold } = await commands.setPolicyMode(mode, user);
    if (terminal.isJson) terminal.printJson({ mode, runsTold });
    else {
      terminal.print(
        isOn
          ? 'new runs record what organization rules, grounding and rates would refuse, and refuse nothing by them'
          : 'organization rules, grounding and rates refuse, in runs that began before too',
      );
      if (runsTold > 0) terminal.print(toldLine(runsTold));
    }
    return 0;
  });
}

/** `gatehouse policy list`. */
export async function listPolicies(context: CliContext): Promise<ExitCode> {
  const { terminal } = context;
  return withStack(context, async (commands) => {
    const policies = await commands.listPolicies();
    if (terminal.isJson) terminal.printJson(policies);
    else if (policies.length === 0)
      terminal.note('no policies yet; `gatehouse policy publish FOLDER` publishes some');
    else
      terminal.print(
        table(
          policies,
          [
            { title: 'POLICY', text: ({ name }) => name },
            { title: 'VERSION', text: ({ version }) => String(version) },
          ],
          terminal.colours,
        ),
      );
    return 0;
  });
}

/** `gatehouse policy history`. */
export async function showPolicyHistory(context: CliContext, name: string): Promise<ExitCode> {
  const { terminal } = context;
  return withStack(context, async (commands) => {
    const versions = await commands.showPolicyHistory(name);
    if (terminal.isJson) terminal.printJson(versions);
    else
      terminal.print(
        table(
          versions,
          [
            { title: 'VERSION', text: ({ version }) => String(version) },
            { title: 'PUBLISHED', text: ({ publishedAt }) => dateAndTime(publishedAt) },
            { title: 'BY', text: ({ publishedBy }) => publishedBy },
          ],
          terminal.colours,
        ),
      );
    return 0;
  });
}

function toldLine(runs: number): string {
  return `${runs} ${runs === 1 ? 'run decides' : 'runs decide'} again what waits for approval`;
}
