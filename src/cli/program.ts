import { Command, InvalidArgumentError } from 'commander';
import { version } from '../../package.json';
import type { CliContext } from './context';

export interface GlobalOptions {
  json?: boolean;
  debug?: boolean;
}

/** Does a command's work with what it needs, and keeps its exit code. */
export type CarryOut = (
  options: GlobalOptions,
  work: (context: CliContext) => Promise<number>,
) => Promise<void>;

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

  add(program, 'up', 'bring up servers and workers, until Ctrl-C')
    .option('--yes', 'install missing programs without asking')
    .action((options) => carryOut(options, (context) => load.up().up(context, options)));

  add(program, 'init', 'write a small agent, model and policy into the current folder').action((options) =>
    carryOut(options, (context) => load.init().init(context, '.')),
  );

  const agents = program.command('agents').description('the agents of the organization');
  add(agents, 'list', 'those that are stored').action((options) =>
    carryOut(options, (context) => load.agents().listAgents(context)),
  );
  add(agents, 'check <file>', 'say whether an agent file is well formed').action((file, options) =>
    carryOut(options, (context) => load.agents().checkAgent(context, file)),
  );
  add(agents, 'apply <file>', 'store the agent of a file').action((file, options) =>
    carryOut(options, (context) => load.agents().applyAgent(context, file)),
  );

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
  add(policy, 'coverage <folder>', 'say of each bullet whether a rule enforces it; needs no server').action(
    (folder, options) => carryOut(options, (context) => load.policyCoverage().showCoverage(context, folder)),
  );
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

  add(program, 'run <agent>', 'start a run of a stored agent, or of an agent file')
    .requiredOption('--prompt <text>', 'what to do')
    .option('--repo <path>', 'git repository to work on; it is cloned')
    .option('--watch', 'show the run until it has ended')
    .option('--key <text>', 'start the run once, however often this is said')
    .action((agent, options) => carryOut(options, (context) => load.run().run(context, agent, options)));

  add(program, 'runs', 'the latest runs, and what waits for people')
    .option('--status <status>', 'only those in this status')
    .option('--agent <name>', 'only those of this agent')
    .option('--limit <number>', 'how many, at most 200', positive, 20)
    .action((options) => carryOut(options, (context) => load.runs().runs(context, options)));

  add(program, 'show <run>', 'everything that is known of a run').action((run, options) =>
    carryOut(options, (context) => load.show().show(context, run)),
  );

  add(program, 'approve <id>', 'approve a held action')
    .option('--reason <text>', 'why')
    .option('--by <name>', 'who you are')
    .action((id, { reason, by, ...options }) =>
      carryOut(options, (context) => load.people().decide(context, id, { decision: 'approve', reason, by })),
    );
  add(program, 'deny <id>', 'refuse a held action')
    .requiredOption('--reason <text>', 'why; the model is told')
    .option('--by <name>', 'who you are')
    .action((id, { reason, by, ...options }) =>
      carryOut(options, (context) => load.people().decide(context, id, { decision: 'deny', reason, by })),
    );
  add(program, 'answer <id> <text>', 'answer a question')
    .option('--by <name>', 'who you are')
    .action((id, text, { by, ...options }) =>
      carryOut(options, (context) => load.people().answer(context, id, text, { by })),
    );

  const steering = { pause: 'hold a run before its next step', resume: 'let a paused run go on' };
  for (const what of ['pause', 'resume'] as const)
    add(program, `${what} <run>`, steering[what])
      .option('--reason <text>', 'why', 'asked on the command line')
      .action((run, { reason, ...options }) =>
        carryOut(options, (context) => load.people().steer(context, run, what, reason)),
      );

  add(program, 'stop <run>', 'stop a run for good').action((run, options) =>
    carryOut(options, (context) => load.people().steer(context, run, 'stop', '')),
  );

  const audit = program.command('audit').description('what was decided, done and changed, and by whom');
  add(audit, 'list', 'records of the organization and its runs, newest first')
    .option('--run <run>', 'only those of this run')
    .option('--kind <kind>', 'only those of this kind, as `decision`, `approval`, `policy-published`')
    .option('--person <name>', 'only those in which this person said or did something')
    .option('--since <time>', 'from this day or time on', pointInTime)
    .option('--until <time>', 'before this day or time', pointInTime)
    .option('--limit <number>', 'how many, at most 500', positive, 50)
    .action((options) => carryOut(options, (context) => load.audit().listAudit(context, options)));
  add(audit, 'show <run>', 'every record of one run').action((run, options) =>
    carryOut(options, (context) => load.audit().showAudit(context, run)),
  );
  add(audit, 'grants', 'granted calls whose outcome nobody recorded')
    .option('--run <run>', 'only those of this run')
    .action((options) => carryOut(options, (context) => load.audit().listOpenGrants(context, options)));
  add(audit, 'export', 'write the audit as JSON lines, to be kept and verified elsewhere')
    .option('--run <run>', 'this run and the organization alone')
    .option('--since <time>', 'runs that were written to from this day or time on', pointInTime)
    .option('--histories', 'with a digest of the Temporal history of each run that ended')
    .option('--key <file>', 'public key of the audit, instead of that of the data folder', collect, [])
    .action((options) => carryOut(options, (context) => load.audit().exportAudit(context, options)));
  add(audit, 'verify [file]', 'find what was altered, removed or reordered; an export needs no server')
    .option('--live', 'the running stack instead of an export')
    .option('--histories', 'with --live: compare what Temporal knows')
    .option('--key <file>', 'public key whose anchors count; may be given several times', collect, [])
    .option('--earlier <file>', 'an earlier export that must be continued')
    .action((file, options) =>
      carryOut(options, (context) => load.auditVerify().verifyAudit(context, file, options)),
    );

  add(program, 'doctor', 'look at everything a run needs').action((options) =>
    carryOut(options, (context) => load.doctor().doctor(context)),
  );

  add(program, 'demo', 'an agent, a repository, a question, an approval and a pull request')
    .option('--yes', 'answer everything, then stop')
    .option('--repo <path>', 'another git repository to work on; it is cloned')
    .action(({ yes = false, repo, ...options }) =>
      carryOut(options, (context) => load.demo().runDemo(context, { yes, repo })),
    );
  return program;
}

// `require`, because a dynamic import would need the endings of our files.
const load = {
  up: () => require('./up') as typeof import('./up'),
  init: () => require('./init') as typeof import('./init'),
  agents: () => require('./agents') as typeof import('./agents'),
  policyExplain: () => require('./policy-explain') as typeof import('./policy-explain'),
  policyCoverage: () => require('./policy-coverage') as typeof import('./policy-coverage'),
  policyCheck: () => require('./policy-check') as typeof import('./policy-check'),
  policyEval: () => require('./policy-eval') as typeof import('./policy-eval'),
  policyLife: () => require('./policy-life') as typeof import('./policy-life'),
  policySimulate: () => require('./policy-simulate') as typeof import('./policy-simulate'),
  policyDiff: () => require('./policy-diff') as typeof import('./policy-diff'),
  run: () => require('./run') as typeof import('./run'),
  runs: () => require('./runs') as typeof import('./runs'),
  show: () => require('./show') as typeof import('./show'),
  people: () => require('./people') as typeof import('./people'),
  audit: () => require('./audit') as typeof import('./audit'),
  auditVerify: () => require('./audit-verify') as typeof import('./audit-verify'),
  doctor: () => require('./doctor') as typeof import('./doctor'),
  demo: () => require('./demo') as typeof import('./demo'),
};

function positive(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new InvalidArgumentError('It must be a whole number above 0.');
}

/** Milliseconds since the epoch; a day begins where the person is. */
function pointInTime(text: string): number {
  const day = /^\d{4}-\d{2}-(\d{2})(T.+)?$/.exec(text);
  const at = new Date(day && !day[2] ? `${text}T00:00` : text);
  // Days that there are not roll over into the next month.
  const isDay = day?.[2] !== undefined || at.getDate() === Number(day?.[1]);
  if (day && isDay && !Number.isNaN(at.getTime())) return at.getTime();
  throw new InvalidArgumentError('It must be a day, as 2026-01-31, or a time, as 2026-01-31T14:00.');
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

/** A usage error as every other error is written with `--json`. */
function usageErrorJson(text: string): string {
  const message = text.trim().replace(/^error: /, '');
  return `${JSON.stringify({ error: { code: 'usage', message } })}\n`;
}
