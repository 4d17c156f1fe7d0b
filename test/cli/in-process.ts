import { CommanderError } from 'commander';
import { BadInputError } from '../../src/cli/bad-input';
import { createProgram } from '../../src/cli/program';
import { reportError } from '../../src/cli/report-error';
import { openTerminal } from '../../src/cli/terminal';
import { cliConfig } from '../../src/config';
import type { Ended } from './gatehouse-command';

/** Runs `gatehouse` to its end within this process, where many commands are said: starting one takes seconds on a busy machine. */
export async function said(args: readonly string[], environment: Record<string, string>): Promise<Ended> {
  const ended: Ended = { code: 0, stdout: '', stderr: '' };
  const stdout = {
    isTTY: false,
    write(text: string) {
      ended.stdout += text;
      return true;
    },
  } as unknown as NodeJS.WriteStream;
  // Errors go there whatever terminal a command was given.
  const errors = jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
    ended.stderr += text;
    return true;
  });
  const config = cliConfig(environment);
  const program = createProgram(async (options, work) => {
    const isJson = options.json === true;
    const terminal = openTerminal({ isJson, stdout });
    const dataDir = config.GATEHOUSE_DATA;
    try {
      ended.code = await work({ config, terminal, dataDir, isDebug: false, user: 'tester' });
    } catch (error) {
      reportError(error, { terminal, dataDir, isDebug: false });
      ended.code = error instanceof BadInputError ? 2 : 1;
    }
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    ended.code = 2;
  } finally {
    errors.mockRestore();
  }
  return ended;
}
