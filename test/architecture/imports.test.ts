import path from 'node:path';
import { cruise, ROOT, type Violation } from './cruise';

const BROKEN = path.join(__dirname, 'broken');

test('imports of the project point down only', async () => {
  const { files, violations } = await cruise(ROOT, ['src', 'workflows', 'activities', 'bin']);
  expect(violations).toEqual([]);
  expect(files).toBeGreaterThan(50);
});

describe('in a tree that breaks every rule', () => {
  let violations: Violation[];
  beforeAll(async () => {
    ({ violations } = await cruise(BROKEN, ['src', 'workflows', 'activities']));
  });

  test.each([
    ['the domain importing a tool', 'domain-imports-down', 'src/domain/reaches-up.ts'],
    ['a tool reading the configuration', 'tools-imports-down', 'src/tools/reads-config.ts'],
    ['the store reading the configuration', 'config-for-entry-points', 'src/store/reads-config.ts'],
    ['policy asking the store', 'policy-imports-down', 'src/policy/asks-store.ts'],
    ['the store importing its neighbour', 'store-imports-down', 'src/store/asks-neighbour.ts'],
    ['a model provider importing an activity', 'model-imports-down', 'src/model/uses-activity.ts'],
    ['an activity importing a worker', 'activities-imports-down', 'activities/uses-worker.ts'],
    ['a folder that has no place', 'no-place', 'src/sandbox/uses-misc.ts'],
    [
      'a workflow importing activity code',
      'workflows-know-activities-as-types',
      'workflows/runs-activity.ts',
    ],
    ['a workflow importing a tool', 'workflows-import-domain', 'workflows/judges.ts'],
    ['a workflow reading files', 'workflows-are-deterministic', 'workflows/reads-files.ts'],
    ['a workflow hashing', 'workflows-do-not-hash', 'workflows/hashes.ts'],
    ['a workflow using any package', 'workflows-use-temporal-only', 'workflows/parses.ts'],
    ['a worker importing the workflow itself', 'only-messages-of-workflows', 'src/workers/control.ts'],
    ['policy naming messages of a run', 'messages-for-speakers', 'src/policy/speaks.ts'],
    [
      'the runner reaching the store through an activity',
      'no-database-beyond-control',
      'src/workers/runner.ts',
    ],
    ['the sandbox knowing the store, as types', 'no-database-beyond-control', 'src/workers/sandbox.ts'],
    [
      'the runner reaching the store of artifacts through a model',
      'no-artifact-store-beyond-control',
      'src/workers/runner.ts',
    ],
    [
      'the sandbox knowing the store of artifacts, as types',
      'no-artifact-store-beyond-control',
      'src/workers/sandbox.ts',
    ],
    ['two files that need each other', 'no-cycle', 'src/domain/about.ts'],
    ['a package of development in what runs', 'no-development-package', 'src/tools/for-tests.ts'],
    ['an import that leads nowhere', 'resolvable', 'src/domain/leads-nowhere.ts'],
  ])('%s is caught', (_what, rule, from) => {
    expect(violations).toContainEqual(expect.objectContaining({ rule, from }));
  });

  test('the database driver is found at the end of the way', () => {
    const reached = violations.filter(({ rule }) => rule === 'no-database-beyond-control');
    expect(reached.map(({ to }) => to)).toContainEqual(expect.stringContaining('node_modules/pg/'));
  });

  test('what is allowed is not caught', () => {
    const allowed = ['src/domain/word.ts', 'src/tools/tool.ts', 'workflows/run.ts', 'src/store/database.ts'];
    expect(violations.filter(({ from }) => allowed.includes(from))).toEqual([]);
  });
});
