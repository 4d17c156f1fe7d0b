import { type CommandLine, collect, pointInTime, positive } from '../command-line';

/** What was decided, done and changed, and by whom. */
export function addAuditCommands({ program, add, carryOut }: CommandLine): void {
  const audit = program.command('audit').description('what was decided, done and changed, and by whom');
  add(audit, 'list', 'records of the organization and its runs, newest first')
    .option('--run <run>', 'only those of this run')
    .option('--kind <kind>', 'only those of this kind, as `decision`, `approval`, `policy-published`')
    .option('--person <name>', 'only those in which this person said or did something')
    .option('--since <time>', 'from this day or time on', pointInTime)
    .option('--until <time>', 'before this day or time', pointInTime)
    .option('--limit <number>', 'how many, at most 200', positive, 50)
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
}

// `require`, because a dynamic import would need the endings of our files.
const load = {
  audit: () => require('../audit') as typeof import('../audit'),
  auditVerify: () => require('../audit-verify') as typeof import('../audit-verify'),
};
