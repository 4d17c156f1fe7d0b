import { Option } from 'commander';
import { type CommandLine, positive } from '../command-line';
import type { TOP_UPS } from '../people';

/** What people say to runs: decisions, answers, top-ups. */
export function addPeopleCommands({ program, add, carryOut }: CommandLine): void {
  add(program, 'inbox', 'what waits for people, across runs')
    .option('--watch', 'go on, and show whatever comes')
    .action(({ watch, ...options }) =>
      carryOut(options, (context) => load.inbox().inbox(context, { watch })),
    );

  add(program, 'approve <id...>', 'approve held actions')
    .option('--reason <text>', 'why')
    .option('--by <name>', 'who you are; not needed with a key')
    .option('--for-run', 'the same action for the rest of the run')
    .addOption(new Option('--args <json>', 'other arguments, whole; gated again').conflicts('edit'))
    .option('--edit', 'edit the arguments in $EDITOR; gated again')
    .action((ids: string[], { reason, by, forRun, args, edit, ...options }, command) => {
      if (ids.length > 1 && (args !== undefined || edit))
        command.error('error: arguments are edited of one approval at a time');
      return carryOut(options, (context) =>
        load.people().decide(context, ids, { decision: 'approve', reason, by, forRun, args, edit }),
      );
    });
  add(program, 'deny <id...>', 'refuse held actions')
    .requiredOption('--reason <text>', 'why; the model is told')
    .option('--by <name>', 'who you are; not needed with a key')
    .action((ids: string[], { reason, by, ...options }) =>
      carryOut(options, (context) => load.people().decide(context, ids, { decision: 'deny', reason, by })),
    );
  add(program, 'answer <id> <text>', 'answer a question')
    .option('--by <name>', 'who you are; not needed with a key')
    .action((id, text, { by, ...options }) =>
      carryOut(options, (context) => load.people().answer(context, id, text, { by })),
    );

  const approvals = program
    .command('approvals')
    .description('held actions, and what was approved for a whole run');
  add(approvals, 'list', 'those that wait').action((options) =>
    carryOut(options, (context) => load.inbox().inbox(context, {})),
  );
  add(approvals, 'show <id>', 'one, waiting or settled').action((id, options) =>
    carryOut(options, (context) => load.inbox().showApproval(context, id)),
  );
  add(approvals, 'standing', 'what was approved for the rest of open runs, and holds').action((options) =>
    carryOut(options, (context) => load.inbox().listStanding(context)),
  );
  add(approvals, 'revoke <id>', 'end what was approved for the rest of a run')
    .option('--by <name>', 'who you are; not needed with a key')
    .action((id, { by, ...options }) =>
      carryOut(options, (context) => load.people().revokeApproval(context, id, { by })),
    );

  add(program, 'top-up <run>', 'add to the budget of a run')
    .option('--turns <number>', 'model turns', positive)
    .option('--tokens <number>', 'tokens', positive)
    .option('--tool-calls <number>', 'tool calls', positive)
    .option('--duration-ms <number>', 'milliseconds of acting', positive)
    .option('--pipeline-runs <number>', 'pipeline runs', positive)
    .option('--credential-requests <number>', 'requests for credentials', positive)
    .option('--by <name>', 'who you are; not needed with a key')
    .action((run, { by, json, debug, ...amounts }, command) => {
      if (Object.keys(amounts).length === 0) command.error('error: say what to add, as --turns 10');
      return carryOut({ json, debug }, (context) =>
        load.people().topUp(context, run, amounts as Partial<Record<keyof typeof TOP_UPS, number>>, { by }),
      );
    });
}

const load = {
  inbox: () => require('../inbox') as typeof import('../inbox'),
  people: () => require('../people') as typeof import('../people'),
};
