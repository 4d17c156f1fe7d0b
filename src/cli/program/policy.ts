import { type CommandLine, collect, pointInTime, positive } from '../command-line';

/** What is allowed: policies, their rules and their tests. */
export function addPolicyCommands({ program, add, carryOut }: CommandLine): void {
  const policy = program
    .command('policy')
    .description('what is allowed: policies, their rules and their tests');
  add(policy, 'eval', 'judge calls: JSON lines on stdin, one answer a line; needs no server')
    .requiredOption('--agent <file>', 'agent file to judge by')
    .option('--policies <folder>', 'folder of policy files')
    .option('--tools <file>', 'tools file; its tools replace built-in ones of the same name')
    .action((options) => carryOut(options, (context) => load.policyEval().evalPolicy(context, options)));

  add(policy, 'explain [call]', 'what each layer says of one call, as JSON here or on stdin; needs no server')
    .requiredOption('--agent <file>', 'agent file to judge by')
    .option('--policies <folder>', 'folder of policy files')
    .option('--tools <file>', 'tools file; its tools replace built-in ones of the same name')
    .option('--tool <name>', 'the tool that is called, instead of a call')
    .option('--args <json>', 'its arguments', '{}')
    .option('--prompt <text>', 'what the run was asked to do; turns grounding on')
    .action((call, options) =>
      carryOut(options, (context) => load.policyExplain().explainCall(context, call, options)),
    );
  add(
    policy,
    'coverage [folder]',
    'say of each bullet whether a rule enforces it; of a folder without a server',
  )
    .option(
      '--published <name>',
      'instead of a folder: a policy that is published, by the tests kept with it',
    )
    .option('--at <version>', 'of the published one; the latest if not said', positive)
    .action((folder, { published, at, ...options }, command) => {
      if ((folder === undefined) === (published === undefined))
        command.error('error: name a folder, or a policy with --published');
      if (at !== undefined && published === undefined)
        command.error('error: --at goes together with --published');
      return carryOut(options, (context) =>
        folder === undefined
          ? load.policyCoverage().showPublishedCoverage(context, published, { at })
          : load.policyCoverage().showCoverage(context, folder),
      );
    });
  add(policy, 'check <folder>', 'lint policies and run the tests beside them; needs no server')
    .option('--agent <file>', 'agent that they are for; may be given several times', collect, [])
    .option('--tools <file>', 'tools file whose tools rules may name')
    .action((folder, options) =>
      carryOut(options, (context) => load.policyCheck().checkPolicyFolder(context, folder, options)),
    );

  add(policy, 'publish <folder>', 'check policies of a folder or file and publish them, all or none').action(
    (folder, options) => carryOut(options, (context) => load.policyLife().publishPolicies(context, folder)),
  );
  const observe = policy
    .command('observe')
    .description('record what organization rules, grounding and rates would refuse, instead of refusing');
  for (const state of ['on', 'off'] as const)
    add(observe, state, state === 'on' ? 'observe, in new runs' : 'enforce, at once').action((options) =>
      carryOut(options, (context) => load.policyLife().observePolicies(context, state === 'on')),
    );
  add(
    policy,
    'simulate <folder>',
    'judge recorded calls again as if policies were published; changes nothing',
  )
    .option(
      '--since <date>',
      'only runs that began then or later: YYYY-MM-DD, or a time in ISO 8601',
      pointInTime,
    )
    .option('--limit <number>', 'how many runs, the newest', positive, 200)
    .addHelpText(
      'after',
      '\nEach policy takes the place of the published one of its name; the others stay as they are, and so do agents.\nRuns that wait for an approval are looked at whatever their age.',
    )
    .action((folder, options) =>
      carryOut(options, (context) => load.policySimulate().simulatePolicies(context, folder, options)),
    );
  add(
    policy,
    'diff <name-or-file>',
    'how versions of a policy differ, or a policy file from what is published',
  )
    .option(
      '--from <version>',
      'the older one; if not said, the one before, or of a file the latest',
      positive,
    )
    .option('--to <version>', 'the newer one; the latest if not said', positive)
    .action((nameOrFile, options) =>
      carryOut(options, (context) => load.policyDiff().diffPolicy(context, nameOrFile, options)),
    );
  add(policy, 'rollback <name>', 'publish the content of an earlier version again')
    .option('--to <version>', 'which one; the one before the latest if not said', positive)
    .action((name, options) =>
      carryOut(options, (context) => load.policyLife().rollbackPolicy(context, name, options)),
    );
  add(policy, 'list', 'the active policies').action((options) =>
    carryOut(options, (context) => load.policyLife().listPolicies(context)),
  );
  add(policy, 'history <name>', 'every version of a policy').action((name, options) =>
    carryOut(options, (context) => load.policyLife().showPolicyHistory(context, name)),
  );
}

const load = {
  policyCheck: () => require('../policy-check') as typeof import('../policy-check'),
  policyCoverage: () => require('../policy-coverage') as typeof import('../policy-coverage'),
  policyDiff: () => require('../policy-diff') as typeof import('../policy-diff'),
  policyEval: () => require('../policy-eval') as typeof import('../policy-eval'),
  policyExplain: () => require('../policy-explain') as typeof import('../policy-explain'),
  policyLife: () => require('../policy-life') as typeof import('../policy-life'),
  policySimulate: () => require('../policy-simulate') as typeof import('../policy-simulate'),
};
