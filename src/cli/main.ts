import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import { CommanderError } from 'commander';
import { type CliConfig, cliConfig } from '../config';
import { BadInputError } from './bad-input';
import type { GlobalOptions } from './command-line';
import type { CliContext, ExitCode } from './context';
import { createProgram } from './program';
import { reportError } from './report-error';
import { openTerminal } from './terminal';

/**
 * The `gatehouse` command. Exit codes: 0 done, 1 refused or failed, 2 bad usage.
 *
 * @param args without the names of node and of this file
 */
export async function main(args: readonly string[]): Promise<number> {
  // Whoever reads us may leave early, as `head` does.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  // Without a place for messages there is none to say so.
  process.stderr.on('error', () => undefined);
  let code = 0;
  const words = args.includes('--') ? args.slice(0, args.indexOf('--')) : args;
  const program = createProgram(
    async (options, work) => {
      code = await carryOut(options, work);
    },
    { isJson: words.includes('--json') },
  );
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    // Commander has said already what is wrong with the words.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
}

async function carryOut(
  options: GlobalOptions,
  work: (context: CliContext) => Promise<ExitCode | number>,
): Promise<number> {
  const isJson = options.json === true;
  let config: CliConfig | null = null;
  let dataDir = resolve('.gatehouse');
  try {
    config = cliConfig();
    dataDir = resolve(config.GATEHOUSE_DATA);
    const terminal = openTerminal({ isJson, noColor: config.NO_COLOR });
    const isDebug = options.debug === true || config.GATEHOUSE_LOG === 'debug';
    return await work({ config, terminal, dataDir, isDebug, user: config.USER ?? userName() });
  } catch (error) {
    reportError(error, {
      terminal: openTerminal({ isJson, noColor: config?.NO_COLOR }),
      dataDir,
      isDebug: options.debug === true || config?.GATEHOUSE_LOG === 'debug',
    });
    return error instanceof BadInputError ? 2 : 1;
  }
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown';
  }
}
