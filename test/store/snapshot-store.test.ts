import { AutonomyTier } from '../../src/domain/tier';
import { judge } from '../../src/policy/judge';
import { compileSnapshot } from '../../src/policy/snapshot';
import { createSnapshotStore } from '../../src/store/snapshot-store';
import { createToolsOf } from '../../src/tools/snapshot-tools';
import { AT, agent, openStores, type StoreFixture } from './fixture';

let stores: StoreFixture;

beforeAll(async () => {
  stores = await openStores();
});

afterAll(() => stores.close());

const snapshot = compileSnapshot({
  organizationId: 'local',
  agent: {
    ...agent,
    tier: AutonomyTier.PROD_GATED,
    deniedTools: ['terraform_apply'],
    requiresApproval: { prCreation: true },
    trustedTools: ['address-book'],
    protectedPaths: ['se\u0301cret/'],
    tools: [
      {
        name: 'notify',
        description: 'Sends “it”.',
        effect: 'draft',
        parameters: {
          type: 'object',
          properties: { to: { type: 'string' }, n: { type: 'number', default: 1e21 } },
        },
      },
    ],
  },
  policies: [
    {
      id: 'p',
      name: 'Zoë’s policy',
      content:
        'Write to ann@example.com.\n```cedar\n@ask("look") forbid (principal, action == Action::"write-file", resource);\n```\n',
      isActive: true,
      version: 1,
      organizationId: 'local',
    },
  ],
});

test.each([
  ['notify', { to: 'ann@example.com' }],
  ['notify', { to: 'eve@evil.test' }],
  ['write-file', { path: 'a.tf', content: 'x' }],
  ['read-file', { path: 'se\u0301cret/a' }],
  ['create-pr', { title: 'A change' }],
  ['terraform-apply', {}],
  ['run-command', { command: 'kubectl delete ns shop' }],
  ['no-such-tool', {}],
])('%s %j is judged the same after the snapshot was in the database', async (tool, args) => {
  const store = createSnapshotStore(stores.database);
  await store.save(snapshot);
  // A store of its own, which remembers nothing.
  const loaded = await createSnapshotStore(stores.database).load(snapshot.id);
  expect(loaded).toEqual(snapshot);
  const [before, after] = [snapshot, loaded].map((each) =>
    judge(
      { id: 'c', tool, args: JSON.stringify(args) },
      { runId: 'r', snapshot: each, trusted: { prompt: 'Go.', answers: [] }, now: AT },
      createToolsOf()(each),
    ),
  );
  expect(after!.decision).toEqual(before!.decision);
});
