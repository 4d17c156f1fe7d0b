import path from 'node:path';
import { bundleWorkflowCode, type Logger } from '@temporalio/worker';
import { ROOT } from './cruise';

const quiet: Logger = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };
const bundle = (workflowsPath: string) => bundleWorkflowCode({ workflowsPath, logger: quiet });

test('the workflows bundle', async () => {
  const { code } = await bundle(path.join(ROOT, 'workflows/workflows.ts'));
  expect(code).toContain('agentRun');
  expect(code).toContain('deliverNotification');
});

test('no activity code and no policy code is in its bundle', async () => {
  const { code } = await bundle(path.join(ROOT, 'workflows/workflows.ts'));
  const ours = new Set(
    [...code.matchAll(/!\*\*\* \.\/((?:src|activities|workflows)\/[\w/.-]+) \*\*\*!/g)].map(
      ([, file]) => file,
    ),
  );
  expect([...ours].filter((file) => !/^(workflows|src\/domain)\//.test(file ?? ''))).toEqual([]);
  expect(ours).toContain('workflows/agent-run.ts');
});

test('a workflow that reaches fs through a helper does not bundle', async () => {
  await expect(bundle(path.join(__dirname, 'fixtures/reaches-fs.ts'))).rejects.toThrow();
});
