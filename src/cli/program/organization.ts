import { InvalidArgumentError } from 'commander';
import { type CommandLine, collect, duration } from '../command-line';

/** People, their keys, and how they are asked. */
export function addOrganizationCommands({ program, add, carryOut }: CommandLine): void {
  const by = ['--by <name>', 'who you are; not needed with a key'] as const;

  const people = program.command('people').description('who decides, answers and operates');
  add(people, 'list', 'everybody, with roles').action((options) =>
    carryOut(options, (context) => load.organization().listPeople(context)),
  );
  add(people, 'apply <name>', 'add somebody, or replace their roles')
    .option('--role <role>', 'a role; may be given several times', collect, [])
    .option(...by)
    .action((name, { role, by: who, ...options }) =>
      carryOut(options, (context) => load.organization().applyPerson(context, name, role, { by: who })),
    );
  add(people, 'disable <name>', 'nothing of theirs counts from now on')
    .option(...by)
    .action((name, { by: who, ...options }) =>
      carryOut(options, (context) => load.organization().disablePerson(context, name, { by: who })),
    );

  const keys = program.command('keys').description('keys that people sign with');
  add(keys, 'make', 'make your own key, and print its public half; needs no server').action((options) =>
    carryOut(options, (context) => load.organization().makeOwnKey(context)),
  );
  add(keys, 'add <person> <file>', 'register the public key of somebody')
    .option(...by)
    .action((person, file, { by: who, ...options }) =>
      carryOut(options, (context) => load.organization().addKey(context, person, file, { by: who })),
    );
  add(keys, 'list', 'those that count').action((options) =>
    carryOut(options, (context) => load.organization().listKeys(context)),
  );
  add(keys, 'revoke <thumbprint>', 'nothing that it signs counts from now on')
    .option(...by)
    .action((thumbprint, { by: who, ...options }) =>
      carryOut(options, (context) => load.organization().revokeKey(context, thumbprint, { by: who })),
    );

  const settings = program.command('settings').description('settings of the organization');
  add(settings, 'people', 'how people are asked; without options it is shown')
    .option('--remind <time>', 'remind after this; may be given several times', collectTimes)
    .option('--escalate <role>', 'who may decide as well, after --escalate-after')
    .option('--escalate-after <time>', 'when', duration)
    .option('--no-escalation', 'nobody else')
    .option('--single-operator <yes-or-no>', 'one person alone works here', yesOrNo)
    .option(...by)
    .action(
      ({ remind, escalate, escalateAfter, escalation, singleOperator, by: who, ...options }, command) => {
        if ((escalate === undefined) !== (escalateAfter === undefined))
          command.error('error: --escalate and --escalate-after go together');
        const wanted = {
          ...(remind === undefined ? {} : { remindAfterMs: remind }),
          ...(escalate === undefined ? {} : { escalation: { role: escalate, afterMs: escalateAfter } }),
          ...(escalation === false ? { escalation: null } : {}),
          ...(singleOperator === undefined ? {} : { isSingleOperator: singleOperator }),
        };
        return carryOut(options, (context) =>
          load.organization().peopleSettings(context, wanted, { by: who }),
        );
      },
    );
}

function collectTimes(text: string, before: readonly number[] = []): number[] {
  return [...before, duration(text)];
}

function yesOrNo(text: string): boolean {
  if (text === 'yes' || text === 'no') return text === 'yes';
  throw new InvalidArgumentError('It must be yes or no.');
}

const load = { organization: () => require('../organization') as typeof import('../organization') };
