import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { BIN } from './gatehouse-command';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-eval-'));
  file('draft.yaml', 'name: drafter\ntier: DRAFT\n');
  file('policies/none.md', '---\nname: None\nversion: 1\n---\n- Be kind\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string | Buffer): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

interface Answer {
  id: string | number | null;
  verdict: string;
  effect: string | null;
  marks: string[];
  reasons: { layer: string; rule: string; message: string }[];
  errors: { code: string; message: string }[];
}

function start(args: readonly string[] = []): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [BIN, 'policy', 'eval', '--agent', 'draft.yaml', ...args], { cwd: folder });
}

async function evaluate(input: string | Buffer, args: readonly string[] = []) {
  const child = start(args);
  const out: Buffer[] = [];
  let stderr = '';
  child.stdout.on('data', (chunk) => out.push(chunk));
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  const lines = Buffer.concat(out).toString('utf8').split('\n');
  return { code, stderr, answers: lines.slice(0, -1).map((line) => JSON.parse(line) as Answer) };
}

const read = (id: unknown, more: object = {}) =>
  JSON.stringify({ id, tool: 'read-file', args: { path: 'main.tf' }, ...more });

test('each call gets one answer, in order, with the findings that made its verdict', async () => {
  const { code, stderr, answers } = await evaluate(
    [
      read('a'),
      JSON.stringify({ id: 2, tool: 'terraform_apply', args: { plan: 'a'.repeat(64) } }),
      JSON.stringify({ id: 'c', tool: 'create-pr', args: { title: 't', body: 'b' } }),
    ].join('\n'),
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(answers[0]).toEqual({
    id: 'a',
    verdict: 'allow',
    effect: 'read',
    marks: [],
    reasons: [{ layer: 'tier', rule: 'read', message: expect.any(String) }],
    errors: [],
  });
  expect(Object.keys(answers[0]!)).toEqual(['id', 'verdict', 'effect', 'marks', 'reasons', 'errors']);
  expect(answers.map(({ id, verdict, effect }) => [id, verdict, effect])).toEqual([
    ['a', 'allow', 'read'],
    [2, 'deny', 'production'],
    ['c', 'allow', 'draft'],
  ]);
  expect(answers[1]!.reasons).toEqual([
    expect.objectContaining({ layer: 'tier', rule: 'production' }),
    expect.objectContaining({ layer: 'tools', rule: 'denied' }),
  ]);
});

describe('a line that is wrong is refused on its own line, and the rest goes on', () => {
  const wrong: readonly [why: string, line: string | Buffer, id: string | null][] = [
    ['no JSON', 'frob', null],
    ['half a line', '{"id":"x","tool":', null],
    ['a blank line', '', null],
    ['spaces', '   ', null],
    ['a list', '[]', null],
    ['no id', '{"tool":"read-file","args":{}}', null],
    ['an id that is no text', '{"id":{},"tool":"read-file","args":{}}', null],
    ['no arguments', '{"id":"x","tool":"read-file"}', 'x'],
    ['arguments as text', '{"id":"x","tool":"read-file","args":"{}"}', 'x'],
    ['an unknown key', '{"id":"x","tool":"read-file","args":{},"contxt":{}}', 'x'],
    ['an unknown key in the context', '{"id":"x","tool":"read-file","args":{},"context":{"promt":"y"}}', 'x'],
    ['an argument twice', '{"id":"x","tool":"read-file","args":{"path":"a","path":"b"}}', 'x'],
    ['the tool twice', '{"id":"x","tool":"read-file","tool":"git-push","args":{}}', 'x'],
    ['a number that loses digits', '{"id":"x","tool":"read-file","args":{"path":12345678901234567890}}', 'x'],
    ['half a character', '{"id":"x","tool":"read-file","args":{"path":"\\ud800"}}', 'x'],
    ['a bare NUL', '{"id":"x\0","tool":"read-file","args":{}}', null],
    ['bytes that are no UTF-8', Buffer.from('{"id":"x","tool":"\xff","args":{}}', 'latin1'), 'x'],
    ['bytes that are no UTF-8 in the id', Buffer.from('{"id":"\xff","tool":"a","args":{}}', 'latin1'), null],
    [
      'nesting without end',
      `{"id":"x","tool":"read-file","args":${'{"a":'.repeat(200)}1${'}'.repeat(201)}`,
      'x',
    ],
  ];
  let answers: Answer[];
  beforeAll(async () => {
    const lines = wrong.flatMap(([, line], index) => [`\n${read(index)}\n`, line]);
    const evaluated = await evaluate(
      Buffer.concat([read('first'), ...lines, '\n'].map((line) => Buffer.from(line))),
    );
    expect(evaluated).toMatchObject({ code: 0, stderr: '' });
    answers = evaluated.answers.slice(1);
  });

  test.each(wrong.map(([why, , id], index) => [why, index, id] as const))('%s', (_why, index, id) => {
    expect(answers[2 * index]).toMatchObject({ id: index, verdict: 'allow', errors: [] });
    expect(answers[2 * index + 1]).toEqual({
      id,
      verdict: 'deny',
      effect: null,
      marks: [],
      reasons: [{ layer: 'input', rule: expect.any(String), message: expect.any(String) }],
      errors: [{ code: expect.stringMatching(/^[a-z-]+$/), message: expect.any(String) }],
    });
  });
});

test('a call that cannot be read as one of its tool is a refusal and no error', async () => {
  const { answers } = await evaluate(
    `${JSON.stringify({ id: 'a', tool: 'no-such', args: {} })}\n${JSON.stringify({ id: 'b', tool: 'read-file', args: { frob: 1 } })}\n`,
  );
  expect(answers).toMatchObject([
    {
      id: 'a',
      verdict: 'deny',
      effect: null,
      reasons: [{ layer: 'input', rule: 'unknown-tool' }],
      errors: [],
    },
    {
      id: 'b',
      verdict: 'deny',
      effect: null,
      reasons: [{ layer: 'input', rule: 'wrong-arguments' }],
      errors: [],
    },
  ]);
});

test('line ends of Windows, a byte order mark, the same id twice and a last line without its end', async () => {
  const { code, answers } = await evaluate(`\uFEFF${read('a')}\r\n${read('a')}\r\n${read('')}`);
  expect({ code, ids: answers.map(({ id, verdict }) => [id, verdict]) }).toEqual({
    code: 0,
    ids: [
      ['a', 'allow'],
      ['a', 'allow'],
      ['', 'allow'],
    ],
  });
});

test.each(['', '\uFEFF'])('nothing in (%j), nothing out', async (input) => {
  expect(await evaluate(input)).toEqual({ code: 0, stderr: '', answers: [] });
});

test('a prompt in the context turns grounding on, and answers count as trusted', async () => {
  const push = (id: string, context?: object) =>
    JSON.stringify({
      id,
      tool: 'start-run',
      args: { agent: 'deployer', prompt: 'go' },
      ...(context ? { context } : {}),
    });
  const { answers } = await evaluate(
    [
      push('off'),
      push('null', { prompt: null }),
      push('on', { prompt: 'look around', observations: [{ tool: 'read-file', text: 'start deployer' }] }),
      push('said', { prompt: 'start the deployer' }),
      push('answered', { prompt: 'look around', answers: ['the deployer'] }),
    ].join('\n'),
  );
  expect(answers.map(({ id, verdict }) => [id, verdict])).toEqual([
    ['off', 'allow'],
    ['null', 'allow'],
    ['on', 'ask'],
    ['said', 'allow'],
    ['answered', 'allow'],
  ]);
  expect(answers[2]!.reasons).toEqual([
    {
      layer: 'grounding',
      rule: 'agent',
      message: expect.stringContaining('appears only in the output of `read-file`'),
    },
  ]);
});

test('a tool of the tools file takes the place of the built-in one of its name', async () => {
  const tools = file(
    'tools.yaml',
    '- { name: read_file, description: Reads., effect: production, parameters: { type: object, properties: { url: { type: string } } } }\n',
  );
  const { answers } = await evaluate(JSON.stringify({ id: 'a', tool: 'readFile', args: { url: 'x' } }), [
    '--tools',
    tools,
  ]);
  expect(answers).toMatchObject([{ verdict: 'deny', effect: 'production' }]);
});

test('an agent that does not wait is refused where others ask', async () => {
  const agent = file(
    'ci.yaml',
    'name: ci\ntier: DRAFT\nonAsk: refuse\nrequiresApproval: { prCreation: true }\n',
  );
  const { answers } = await evaluate(
    JSON.stringify({ id: 'a', tool: 'create-pr', args: { title: 't', body: 'b' } }),
    ['--agent', agent],
  );
  expect(answers).toMatchObject([{ verdict: 'deny', reasons: [{ rule: 'on-ask-refuse' }] }]);
});

test('rules of the policies folder judge, and what a written file declares as well', async () => {
  file(
    'ruled/branches.md',
    '---\nname: Branches\nversion: 1\n---\n```cedar\n@id("no-hotfix")\n@message("hotfix branches are for people")\nforbid (principal, action == Action::"git-push", resource == Branch::"hotfix");\n\n@id("encrypted")\n@message("volumes are encrypted")\nforbid (principal, action in Action::"changes-content", resource is ContentResource)\nwhen { resource.type == "aws_ebs_volume" && !(resource.hasTag("encrypted") && resource.getTag("encrypted") == "true") };\n```\n',
  );
  const volume = (id: string, encrypted: string) =>
    JSON.stringify({
      id,
      tool: 'write-file',
      args: {
        path: 'disk.tf',
        content: `resource "aws_ebs_volume" "data" {\n  size = 10\n  ${encrypted}\n}\n`,
      },
    });
  const { code, answers } = await evaluate(
    [
      JSON.stringify({ id: 'push', tool: 'git-push', args: { branch: 'hotfix' } }),
      volume('plain', ''),
      volume('encrypted', 'encrypted = true'),
      volume('unparsable', '}'),
      JSON.stringify({ id: 'text', tool: 'write-file', args: { path: 'a.txt', content: 'x' } }),
    ].join('\n'),
    ['--policies', 'ruled'],
  );
  expect(code).toBe(0);
  expect(answers.map(({ id, verdict }) => [id, verdict])).toEqual([
    ['push', 'deny'],
    ['plain', 'deny'],
    ['encrypted', 'allow'],
    ['unparsable', 'deny'],
    ['text', 'allow'],
  ]);
  expect(answers[0]!.reasons).toContainEqual({
    layer: 'organization',
    rule: 'branches/no-hotfix',
    message: 'hotfix branches are for people',
  });
});

test.each([
  ['an agent file', ['--agent', 'nowhere.yaml'], /nowhere\.yaml: there is no such file/],
  ['a tools file', ['--tools', 'draft.yaml'], /draft\.yaml:1/],
  ['a policies folder', ['--policies', 'nowhere'], /nowhere: there is no such folder of policies/],
  ['no agent file', ['--agent', 'policies/none.md'], /policies\/none\.md:/],
])('%s that is no good ends with 2 before anything is judged', async (_what, args, message) => {
  const { code, stderr, answers } = await evaluate(`${read('a')}\n`, args);
  expect({ code, answers }).toEqual({ code: 2, answers: [] });
  expect(stderr).toMatch(message);
  expect(stderr.trim().split('\n')).toHaveLength(1);
});

test('a rule that names no tool of ours ends with 2, naming file, line and what was meant', async () => {
  file(
    'broken/b.md',
    '---\nname: B\nversion: 1\n---\n\n```cedar\nforbid (principal, action == Action::"git-psh", resource);\n```\n',
  );
  const { code, stderr, answers } = await evaluate(`${read('a')}\n`, ['--policies', 'broken']);
  expect({ code, answers }).toEqual({ code: 2, answers: [] });
  expect(stderr).toMatch(/broken\/b\.md:7: .*git-psh.*git-push/);
});

test('two policies of one name, and a folder without policies, end with 2', async () => {
  file('twice/a.md', '---\nname: One\nversion: 1\n---\nx\n');
  file('twice/b.md', '---\nname: One\nversion: 2\n---\ny\n');
  expect(await evaluate('', ['--policies', 'twice'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/twice\/b\.md: the policy `One` has the name of the one in twice\/a\.md/),
  });
  file('bare/README.md', '# about\n');
  expect(await evaluate('', ['--policies', 'bare'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('holds no policy file'),
  });
});

test('each line is answered at once, without waiting for the next', async () => {
  const child = start();
  const answers = child.stdout.setEncoding('utf8')[Symbol.asyncIterator]();
  for (const id of ['one', 'two']) {
    child.stdin.write(`${read(id)}\n`);
    expect(JSON.parse((await answers.next()).value)).toMatchObject({ id, verdict: 'allow' });
  }
  child.stdin.end();
  expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0);
});

test('a reader that leaves early ends it quietly', async () => {
  const child = start();
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  child.stdin.on('error', () => undefined);
  child.stdout.once('data', () => child.stdout.destroy());
  child.stdin.write(`${read('a')}\n`.repeat(20_000));
  const code = await new Promise((resolve) => child.on('close', resolve));
  child.stdin.destroy();
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

test('100,000 lines and one of 200 MB take no more memory than the first ones', async () => {
  const child = start();
  const peak = () =>
    Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]);
  let answered = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    for (const byte of chunk) if (byte === 0x0a) answered++;
  });
  const send = (text: string | Buffer) =>
    new Promise<void>((resolve) => {
      child.stdin.write(text, () => resolve());
    });
  const sendLines = async (from: number, to: number) => {
    for (let index = from; index < to; index += 500)
      await send(
        Array.from(
          { length: 500 },
          (_, at) =>
            `${read(`call-${index + at}`, { context: { prompt: `look at number ${index + at}` } })}\n`,
        ).join(''),
      );
  };
  await sendLines(0, 30_000);
  while (answered < 30_000) await new Promise((resolve) => child.stdout.once('data', resolve));
  const early = peak();
  await sendLines(30_000, 100_000);
  for (let part = 0; part < 200; part++) await send(Buffer.alloc(1_000_000, 'x'));
  await send(`\n${read('last')}\n`);
  while (answered < 100_002) await new Promise((resolve) => child.stdout.once('data', resolve));
  const late = peak();
  child.stdin.end();
  expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0);
  expect(answered).toBe(100_002);
  expect(late - early).toBeLessThan(100_000);
}, 60_000);

test('a line without a key says which one is missing', async () => {
  const { answers } = await evaluate(['{}', '{"id": null, "tool": "read-file", "args": "a"}'].join('\n'));
  expect(answers.map(({ errors }) => errors[0]?.message)).toEqual([
    'the call is not as it should be: `id`: is missing; `tool`: is missing; `args`: is missing',
    'the call is not as it should be: `id`: must be a text or a number; `args`: must be an object',
  ]);
});

test('a rule that only observes says that it did not count', async () => {
  file(
    'observing/watch.md',
    '---\nname: Watch\nversion: 1\n---\n- a\n```cedar\n@id("x") @observe @message("keep off")\n' +
      'forbid (principal, action == Action::"read-file", resource);\n```\n',
  );
  const { answers } = await evaluate(read('a'), ['--policies', 'observing']);
  expect(answers[0]).toMatchObject({ verdict: 'allow' });
  expect(answers[0]?.reasons).toContainEqual({
    layer: 'organization',
    rule: 'watch/x',
    message: 'would be `deny`: keep off',
  });
});
