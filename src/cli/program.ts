import { Command } from 'commander';
import { version } from '../../package.json';
import type { CarryOut, CommandLine } from './command-line';
import { addAgentCommands } from './program/agents';
import { addApiKeyCommands } from './program/api-keys';
import { addAuditCommands } from './program/audit';
import { addCompletionCommand } from './program/completion';
import { addHaltCommands } from './program/halts';
import { addOrganizationCommands } from './program/organization';
import { addPeopleCommands } from './program/people';
import { addPolicyCommands } from './program/policy';
import { addRunCommands } from './program/runs';
import { addStackCommands } from './program/stack';
import { addWebhookCommands } from './program/webhooks';

/** The words of the command line. What a command does is loaded when it is asked for, so that `--help` is quick. */
export function createProgram(carryOut: CarryOut, { isJson = false } = {}): Command {
  const program = new Command('gatehouse')
    .description(
      'Runs infrastructure agents durably and decides, before anything happens, whether it is allowed.',
    )
    .version(version)
    .exitOverride()
    .showHelpAfterError(isJson ? false : '(add --help for what can be said)')
    // Before any command is added, since each copies it.
    .configureOutput({ outputError: (text, write) => write(isJson ? usageErrorJson(text) : text) });
  program.addHelpText('after', '\nExit codes: 0 done, 1 refused or failed, 2 bad usage.');

  const add = (parent: Command, words: string, description: string) =>
    parent
      .command(words)
      .description(description)
      .option('--json', 'write JSON to stdout')
      .option('--debug', 'show causes and stacks of errors');

  const line: CommandLine = { program, add, carryOut };
  addStackCommands(line);
  addAgentCommands(line);
  addPolicyCommands(line);
  addRunCommands(line);
  addPeopleCommands(line);
  addHaltCommands(line);
  addOrganizationCommands(line);
  addAuditCommands(line);
  addApiKeyCommands(line);
  addWebhookCommands(line);
  addCompletionCommand(line);
  return program;
}

/** A usage error as every other error is written with `--json`. */
function usageErrorJson(text: string): string {
  const message = text.trim().replace(/^error: /, '');
  return `${JSON.stringify({ error: { code: 'usage', message } })}\n`;
}
