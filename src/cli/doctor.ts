import { hostEnvironment } from '../config';
import { publicMessage } from '../domain/errors';
import { checkDependencies, installCommand } from '../embedded/dependencies';
import { preparePostgresBinaries } from '../embedded/postgres-binaries';
import { findProgram, isExecutableFile, runToEnd } from '../embedded/programs';
import { readStackFile } from '../embedded/stack-file';
import { cacheFolder } from '../embedded/temporal-binary';
import { describeControlGroupPlace, findControlGroupPlace } from '../sandbox/control-group-place';
import type { CliContext, ExitCode } from './context';
import { type Check, checkRunningStack } from './doctor-stack';
import { table } from './table';

/** `gatehouse doctor`: looks at everything that a run needs. */
export async function doctor(context: CliContext): Promise<ExitCode> {
  const { terminal } = context;
  const { colours } = terminal;
  const environment = hostEnvironment();
  const checks = [
    nodeVersion(),
    ...(await programs(environment)),
    controlGroups(),
    await postgresPrograms(environment),
    await temporalProgram(environment),
    ...(await checkRunningStack(context, await readStackFile(context.dataDir))),
  ];
  const isHealthy = checks.every(({ state }) => state !== 'problem');
  if (terminal.isJson) terminal.printJson({ isHealthy, checks });
  else
    terminal.print(
      table(
        checks,
        [
          { title: 'CHECK', text: ({ name }) => name },
          {
            title: 'STATE',
            text: ({ state }) => state,
            paint: (cell, { state }) =>
              ({ ok: colours.green, off: colours.dim, problem: colours.red })[state](cell),
          },
          { title: 'FOUND', text: ({ found }) => found, maxWidth: 120 },
          { title: 'WHAT TO DO', text: ({ advice }) => advice ?? '', maxWidth: 300 },
        ],
        colours,
      ),
    );
  return isHealthy ? 0 : 1;
}

function nodeVersion(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isNew = major > 20 || (major === 20 && minor >= 19);
  return {
    name: 'node',
    state: isNew ? 'ok' : 'problem',
    found: process.version,
    ...(isNew ? {} : { advice: 'install Node 20.19 or newer' }),
  };
}

async function programs(environment: Record<string, string>): Promise<Check[]> {
  const reports = await checkDependencies(environment);
  return Promise.all(
    reports.map(async ({ name, program, neededFor, version, problem }): Promise<Check> => {
      if (version === null)
        return {
          name: program,
          state: 'problem',
          found: `missing; needed for ${neededFor}`,
          advice: `run \`${await installCommand([name], environment)}\``,
        };
      return problem === null
        ? { name: program, state: 'ok', found: version }
        : { name: program, state: 'problem', found: version, advice: problem };
    }),
  );
}

/** As a worker would find them that is started as this command was. */
function controlGroups(): Check {
  const name = 'control groups';
  const place = findControlGroupPlace();
  const found = describeControlGroupPlace(place);
  return place.kind === 'none'
    ? {
        name,
        state: 'off',
        found,
        advice: 'run the sandbox worker as a service with `Delegate=yes`: see docs/operators.md',
      }
    : { name, state: 'ok', found };
}

async function postgresPrograms(environment: Record<string, string>): Promise<Check> {
  const name = 'postgresql';
  try {
    const { postgres } = await preparePostgresBinaries();
    const { exitCode, output } = await runToEnd(postgres, ['--version'], { environment, timeoutMs: 10_000 });
    if (exitCode === 0) return { name, state: 'ok', found: output.trim() };
    return {
      name,
      state: 'problem',
      found: output.trim().slice(0, 200),
      advice: 'run `npm ci` again, or set `DATABASE_URL`',
    };
  } catch (error) {
    return { name, state: 'problem', found: 'missing', advice: publicMessage(error) };
  }
}

async function temporalProgram(environment: Record<string, string>): Promise<Check> {
  const name = 'temporal';
  const cached = `${cacheFolder(environment)}/temporal`;
  const path =
    (await findProgram('temporal', environment)) ?? ((await isExecutableFile(cached)) ? cached : null);
  if (path === null)
    return {
      name,
      state: 'off',
      found: 'not here yet',
      advice: '`gatehouse up` downloads or builds it; or install the CLI, or set `TEMPORAL_ADDRESS`',
    };
  const { output } = await runToEnd(path, ['--version'], { environment, timeoutMs: 10_000 });
  return { name, state: 'ok', found: output.trim().split('\n')[0] ?? path };
}
