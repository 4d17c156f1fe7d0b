import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { said } from '../cli/in-process';
import { type Harness, startHarness } from '../support/run-harness';
import { call, DEPLOY_TOOL } from '../support/scripted-agent';
import type { TestRun } from '../support/test-run';

/** What a model, a file and a program try with the terminal of the person who looks: to clear, rename, turn around, hide. */
const HOSTILE =
  '\u001b[2J\u001b[1;1H\u001b]0;approved\u0007\u001b]8;;http://evil.test\u0007\u009b31m\rapr-1 approved\b\b\u202edevorppa\u200b\u2066\u001b[8m';
let gatehouse: Harness;
let home: string;
let run: TestRun;
beforeAll(async () => {
  gatehouse = await startHarness();
  home = mkdtempSync(join(tmpdir(), 'gatehouse-terminal-'));
  const agent = await gatehouse.agent({ tier: 'PROD_GATED', tools: [DEPLOY_TOOL] }, [
    {
      say: `first ${HOSTILE}`,
      calls: [
        call('write-file', { path: 'a', content: HOSTILE }),
        call('read-file', { path: 'a' }),
        call('run-command', { command: `cat a; printf '\\033]0;x\\007\\033[2J'; exit 3` }),
        call('deploy', { to: `production ${HOSTILE}` }),
      ],
    },
    { say: `last ${HOSTILE}` },
  ]);
  run = await gatehouse.start({ agent, prompt: `Look at ${HOSTILE}.`, requestedBy: `rita${HOSTILE}` });
  await run.approvals();
});
afterAll(async () => {
  rmSync(home, { recursive: true, force: true });
  await gatehouse?.close();
});

const printed = async (...args: string[]) => {
  const { stdout, stderr } = await said(args, {
    TEMPORAL_ADDRESS: gatehouse.temporalAddress,
    TEMPORAL_NAMESPACE: gatehouse.namespace,
    DATABASE_URL: gatehouse.databaseUrl,
    GATEHOUSE_DATA: home,
    XDG_CONFIG_HOME: home,
  });
  return stdout + stderr;
};
/** But for the end of a line. */
const HARMFUL = /[^\P{Cc}\n]|[\u200b-\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]/u;

test('no command prints what steers a terminal or hides text, whatever a run is made of', async () => {
  const [approval] = await run.approvals();
  const commands = [
    ['runs'],
    ['show', run.runId],
    ['approvals', 'list'],
    ['approvals', 'show', approval!.id],
    ['audit', 'list', '--run', run.runId],
    ['show', `${run.runId}${HOSTILE}`],
    ['approve', `apr${HOSTILE}`],
    ['run', `nobody${HOSTILE}`, '--prompt', HOSTILE],
    ['run', `nobody${HOSTILE}`, '--prompt', 'x', '--repo', `/nowhere${HOSTILE}`],
  ];
  for (const command of commands) {
    const text = await printed(...command);
    const harm = HARMFUL.exec(text);
    expect([command, text.length > 0, harm && text.slice(0, harm.index + 1)]).toEqual([command, true, null]);
  }
  expect(await printed('show', run.runId)).toContain('\\u{1b}');
  await run.denyNext(`no ${HOSTILE}`);
  expect(await run.outcome()).toMatchObject({ status: 'COMPLETED' });
  const ended = await printed('show', run.runId);
  expect([ended.includes('last'), HARMFUL.exec(ended)?.[0] ?? null]).toEqual([true, null]);
}, 120_000);
