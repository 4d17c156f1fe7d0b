import { WorkflowUpdateFailedError } from '@temporalio/client';
import { z } from 'zod';
import { loadKey, makeKey } from '../../src/broker/keys';
import { proveQuestion } from '../../src/broker/question-proof';
import type { ProgramAnswer, ProgramQuestion } from '../../src/domain/program-question';
import type { ExecuteInput } from '../../src/domain/steps';
import { defineTool } from '../../src/tools/define-tool';
import { askFromProgram } from '../../workflows/messages';
import { type Host, openHost } from '../sandbox/support/host';
import { type Harness, startHarness } from '../support/run-harness';
import { call } from '../support/scripted-agent';
import { inputOf, scheduled, type TestRun } from '../support/test-run';

// Who reaches Temporal may send any update: names and grants stand in its history, and are no proof.

let gatehouse: Harness;
let run: TestRun;
beforeAll(async () => {
  gatehouse = await startHarness();
  const agent = await gatehouse.agent({ tier: 'SANDBOX' }, [
    { calls: [call('run-command', { command: 'ask-user Genuine?', timeoutMs: 60_000 })] },
    { say: 'done' },
  ]);
  run = await gatehouse.start({ agent });
  await run.question();
});
afterAll(() => gatehouse.close());

const forged = { callId: 't1c1', number: 2, question: 'Your password?', options: [] };

async function send(question: Omit<ProgramQuestion, 'proof'> & { proof: unknown }): Promise<ProgramAnswer> {
  try {
    return await run.handle.executeUpdate<ProgramAnswer, [ProgramQuestion]>(askFromProgram, {
      args: [question as ProgramQuestion],
    });
  } catch (error) {
    if (!(error instanceof WorkflowUpdateFailedError)) throw error;
    return { kind: 'refused', reason: String(error.cause?.message), isTemporary: false };
  }
}

/** Claims of the grant, as anybody reads them in the history. */
async function grantInHistory() {
  const [input] = scheduled(await run.history(), 'executeTool').map((each) =>
    inputOf<ExecuteInput>(each.input),
  );
  const [, claims = ''] = input!.grant.split('.');
  return { token: input!.grant, claims: JSON.parse(Buffer.from(claims, 'base64url').toString()) };
}

test('a question with a proof of another key is refused, though its grant is known from the history', async () => {
  const { claims } = await grantInHistory();
  const answer = await send({ ...forged, proof: proveQuestion(forged, claims, makeKey()) });
  expect(answer).toMatchObject({ kind: 'refused', reason: expect.stringContaining('not bound to the key') });
  expect((await run.pending()).questions).toHaveLength(1);
});

test.each([
  ['the grant itself', async () => (await grantInHistory()).token],
  ['nothing', async () => ''],
  ['no text', async () => ({ proof: true })],
  ['much text', async () => 'x'.repeat(10_000)],
])('%s is no proof', async (_what, proof) => {
  expect(await send({ ...forged, proof: await proof() })).toMatchObject({ kind: 'refused' });
  expect((await run.pending()).questions).toHaveLength(1);
});

test('a genuine proof is for one question of one call', async () => {
  const { claims } = await grantInHistory();
  const key = loadKey(`${gatehouse.folder}/keys/sandbox.jwk`);
  const other = { ...forged, question: 'Genuine too?' };
  const proof = proveQuestion(other, claims, key);
  expect(await send({ ...forged, proof })).toMatchObject({
    kind: 'refused',
    reason: expect.stringContaining('another question'),
  });
  const stale = proveQuestion(other, { ...claims, jti: 'an-earlier-grant' }, key);
  expect(await send({ ...other, proof: stale })).toMatchObject({ kind: 'refused' });
  expect((await run.pending()).questions).toHaveLength(1);
});

test('a call that does not execute now cannot ask, with a genuine key either', async () => {
  const { claims } = await grantInHistory();
  const key = loadKey(`${gatehouse.folder}/keys/sandbox.jwk`);
  const elsewhere = { ...forged, callId: 't9c1' };
  expect(await send({ ...elsewhere, proof: proveQuestion(elsewhere, claims, key) })).toMatchObject({
    kind: 'refused',
    reason: 'no program of call `t9c1` can ask now',
  });
  await run.answerNext('go on');
  await waitForEnd();
  const late = proveQuestion(forged, claims, key);
  await expect(send({ ...forged, proof: late })).rejects.toThrow('completed');
});

async function waitForEnd(): Promise<void> {
  expect(await run.outcome()).toMatchObject({ status: 'COMPLETED' });
}

describe('in the sandbox', () => {
  const asker = defineTool<{ script: string }>({
    name: 'asking-script',
    description: 'Runs a script that may ask.',
    parameters: z.strictObject({ script: z.string() }),
    judge: () => ({ effect: 'sandbox', marks: [] }),
    sensitive: [],
    idempotent: false,
    mayAsk: true,
    async run({ script }, context) {
      const result = await context.exec({ argv: ['sh', '-c', script] });
      return { ok: true, text: result.stdout + result.stderr };
    },
  });
  const LOOK =
    'echo "socket=$(printenv GATEHOUSE_SOCKET || echo none)"; ls -A /run/gatehouse 2>&1; find / -xdev -name "*.sock" 2>/dev/null';
  let host: Host;
  const seen: string[] = [];
  beforeAll(async () => {
    host = openHost({
      tools: [asker],
      asker: {
        async ask({ grant, question }) {
          seen.push(`${grant.sub}: ${question}`);
          return { kind: 'answered', answer: `to ${grant.sub}` };
        },
      },
    });
    await host.prepare('run-1');
    await host.prepare('run-2');
  });
  afterAll(() => host.close());
  const look = async (effect: 'read' | 'draft' | 'sandbox', tool = 'asking-script', script = LOOK) =>
    (await host.execute(tool, { script }, effect)).outcomes[0]?.text ?? '';

  test('a read has no socket, whatever its tool', async () => {
    expect(await look('read')).toMatch(/^socket=none\n/);
    expect(await look('read')).not.toContain('ask.sock');
  });

  test('a tool that may not ask has no socket, whatever its effect', async () => {
    expect(await look('sandbox', 'script')).toMatch(/^socket=none\n/);
  });

  test('a program that may ask finds its own socket and no other', async () => {
    const text = await look('draft');
    expect(text).toMatch(/^socket=\/run\/gatehouse\/ask.sock\n/);
    expect(text.match(/[^\s]*ask\.sock/g)).toEqual([
      'socket=/run/gatehouse/ask.sock',
      'ask.sock',
      '/run/gatehouse/ask.sock',
    ]);
  });

  test('of two runs that ask at the same time each reaches its own people', async () => {
    const script = 'ask-user "Who am I?"';
    const both = await Promise.all(
      ['run-1', 'run-2'].map(async (sub) => {
        const { outcomes } = await host.execute('asking-script', { script }, 'sandbox', { sub });
        return outcomes[0]?.text.trim();
      }),
    );
    expect(both).toEqual(['to run-1', 'to run-2']);
    expect(seen.sort()).toEqual(['run-1: Who am I?', 'run-2: Who am I?']);
  });
});
