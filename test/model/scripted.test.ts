import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalArtifactStore } from '../../src/artifacts/local-artifact-store';
import type { Agent } from '../../src/domain/agent';
import type { CallOutcome } from '../../src/domain/call';
import { createScriptSource, pinScript } from '../../src/model/pinned-script';
import type { ConversationEntry } from '../../src/model/provider';
import { createModelRegistry } from '../../src/model/registry';
import { parseScript } from '../../src/model/script';
import { createScriptedProvider } from '../../src/model/scripted';
import { hello, never, request, runModelConformance } from './conformance';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-scripts-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
const artifacts = () => createLocalArtifactStore({ folder: join(folder, 'artifacts') });
const pinned = (name: string) => pinScript(agentOf(`scripted:${join(folder, name)}`), artifacts());
const registry = () => createModelRegistry({ scripts: createScriptSource() });

const agentOf = (model: string) => ({ name: 'demo', model }) as Agent;

runModelConformance('scripted', () => {
  write('said.yaml', 'turns: [{ say: nothing yet }]');
  return {
    provider: {
      complete: async (asked, signal) =>
        registry()((await pinned('said.yaml')).model, artifacts()).complete(asked, signal),
    },
    willSay({ text, calls, usage, slow }) {
      const turn = { say: text, calls, tokens: usage, takesMs: slow ? 60_000 : undefined };
      // JSON is YAML too.
      write('said.yaml', JSON.stringify({ turns: [turn] }));
    },
    whenAsked: () => Promise.resolve(),
  };
});

const scripted = (text: string) => createScriptedProvider(parseScript(text, 'demo.yaml'));

/** What the run came to: the calls of each turn with their outcomes. */
function conversation(...turns: { tool: string; outcome: Partial<CallOutcome> }[][]): ConversationEntry[] {
  return [
    { role: 'user', text: 'fix the bucket' },
    ...turns.flatMap((calls, turn): ConversationEntry[] => {
      const id = (index: number) => `t${turn + 1}c${index + 1}`;
      return [
        {
          role: 'assistant',
          text: '',
          calls: calls.map(({ tool }, index) => ({ id: id(index), tool, args: '{}' })),
        },
        {
          role: 'tool',
          outcomes: calls.map(
            ({ outcome }, index) =>
              ({ kind: 'done', text: '', findings: [], ...outcome, callId: id(index) }) as CallOutcome,
          ),
        },
      ];
    }),
  ];
}

const BUCKET = `
description: Finds the bucket and asks what to do with it.
turns:
  - say: I will look at the repository first.
    calls:
      - { tool: read-file, args: { path: main.tf } }
      - { tool: git-push, args: { branch: main } }

  - expect:
      - { tool: read-file, kind: done, contains: aws_s3_bucket }
      - { call: 2, kind: refused, matches: 'main.*protected' }
    capture:
      bucket: { from: read-file, pattern: 'aws_s3_bucket" "(\\w+)"' }
    say: The bucket {{bucket}} is not encrypted.
    calls:
      - { tool: ask-user, args: { question: 'Fix {{bucket}} now?', options: [yes, no] } }

  - choose:
      - when: { tool: ask-user, contains: 'yes' }
        calls:
          - { tool: write-file, args: { path: '{{ bucket }}.tf', content: '{{bucket}}', mode: 420 } }
      - say: Then I leave {{bucket}} as it is.
`;

const READ = [
  { tool: 'read-file', outcome: { text: 'resource "aws_s3_bucket" "logs" {}' } },
  { tool: 'git-push', outcome: { kind: 'refused', text: 'branch main is protected' } },
] as const;
const asked = (text: string) => [{ tool: 'ask-user', outcome: { kind: 'answered', text } as const }];

test('a script sees real results, keeps what it captures and reacts to a person', async () => {
  const model = scripted(BUCKET);
  const second = await model.complete(request(conversation([...READ]), 2), never);
  expect(second).toMatchObject({
    text: 'The bucket logs is not encrypted.',
    calls: [{ id: 't2c1', tool: 'ask-user', args: '{"question":"Fix logs now?","options":["yes","no"]}' }],
  });
  const yes = await model.complete(request(conversation([...READ], asked('yes')), 3), never);
  expect(yes.calls).toEqual([
    { id: 't3c1', tool: 'write-file', args: '{"path":"logs.tf","content":"logs","mode":420}' },
  ]);
  const no = await model.complete(request(conversation([...READ], asked('no')), 3), never);
  expect(no).toMatchObject({ text: 'Then I leave logs as it is.', calls: [] });
});

test('a turn asked again, by another runner, gets the same answer', async () => {
  const again = request(conversation([...READ], asked('yes')), 3);
  const [first, second] = await Promise.all(
    [scripted(BUCKET), scripted(BUCKET)].map((each) => each.complete(again, never)),
  );
  expect(second).toEqual(first);
});

test('a script that runs out says so', async () => {
  await expect(
    scripted('turns: [{ say: hi }]').complete(request(conversation([]), 2), never),
  ).rejects.toMatchObject({
    name: 'ScriptExhaustedError',
    code: 'script-exhausted',
    message:
      'script `demo.yaml` has 1 turns and turn 2 was asked for; add a turn, or leave out `calls` in the last one so that the run ends there',
  });
});

test('a result that is not as expected stops the script, naming file, turn, both sides', async () => {
  const failed = conversation([
    { tool: 'read-file', outcome: { kind: 'failed', text: 'no such file\n' } },
    READ[1],
  ]);
  await expect(scripted(BUCKET).complete(request(failed, 2), never)).rejects.toMatchObject({
    name: 'ScriptDepartedError',
    message:
      'script `demo.yaml`, turn 2: expected a call of `read-file` to be done and contain `aws_s3_bucket`; ' +
      'came call 1 of `read-file`: failed, `no such file⏎`; call 2 of `git-push`: refused, `branch main is protected`',
  });
});

test('an expectation must hold for one call as a whole', async () => {
  const mixed = conversation([
    { tool: 'read-file', outcome: { kind: 'failed', text: 'aws_s3_bucket' } },
    { tool: 'read-file', outcome: { kind: 'done', text: 'empty' } },
  ]);
  await expect(scripted(BUCKET).complete(request(mixed, 2), never)).rejects.toMatchObject({
    code: 'script-departed',
  });
});

test('a capture that finds nothing and a choice that fits nothing are departures', async () => {
  const nothing = `
turns:
  - { calls: [{ tool: read-file }] }
  - { say: x, capture: { name: { from: 1, pattern: 'name: (\\w+)' } } }`;
  const read = conversation([{ tool: 'read-file', outcome: { text: 'no such thing' } }]);
  await expect(scripted(nothing).complete(request(read, 2), never)).rejects.toThrow(
    'expected to capture `name` from call 1 with `name: (\\w+)`',
  );
  const noBranch = `
turns:
  - { calls: [{ tool: read-file }] }
  - { choose: [{ when: { kind: failed }, say: x }] }`;
  await expect(scripted(noBranch).complete(request(read, 2), never)).rejects.toThrow(
    'expected one `when` of `choose` to hold',
  );
});

test('a conversation with another number of turns is a departure', async () => {
  await expect(scripted(BUCKET).complete(request(conversation([...READ]), 3), never)).rejects.toMatchObject({
    code: 'script-departed',
  });
});

test.each([
  ['a key nobody knows', 'turns:\n  - say: hi\n    calsl: []', 'line 2: `turns.0` unrecognized key: "calsl"'],
  ['a call without a tool', 'turns:\n  - calls:\n      - args: {}', 'line 3: `turns.0.calls.0.tool`'],
  [
    'a turn that says nothing',
    'turns:\n  - say: hi\n  - expect: { tool: x }',
    'line 3: `turns.1` needs either',
  ],
  ['a name never captured', 'turns:\n  - say: hi\n  - say: hi {{nobody}}', 'turn 2 uses `{{nobody}}`'],
  [
    'a broken regular expression',
    'turns:\n  - expect: { matches: "(" }\n    say: x',
    'line 2: `turns.0.expect.0.matches` is not a regular expression',
  ],
  [
    'a capture without a group',
    'turns:\n  - capture: { x: { from: 1, pattern: abc } }\n    say: x',
    'has no group',
  ],
  ['no YAML at all', 'turns:\n  - say: "hi\n', 'line 3:'],
  ['nothing', '', 'line 1:'],
])('a script with %s is refused with its line', (_, text, message) => {
  expect(() => parseScript(text, 'demo.yaml')).toThrow(expect.objectContaining({ code: 'script-malformed' }));
  expect(() => parseScript(text, 'demo.yaml')).toThrow(message);
  expect(() => parseScript(text, 'demo.yaml')).toThrow(/^script `demo\.yaml`, line \d+: .+/);
});

test('a run keeps the script it was started with when the file is edited', async () => {
  write('said.yaml', 'turns: [{ say: one }]');
  const before = await pinned('said.yaml');
  write('said.yaml', 'turns: [{ say: two }]');
  const after = await pinned('said.yaml');
  expect((await registry()(before.model, artifacts()).complete(hello, never)).text).toBe('one');
  expect((await registry()(after.model, artifacts()).complete(hello, never)).text).toBe('two');
});

test('a script that is not there is refused when its agent is stored', () =>
  expect(pinned('absent.yaml')).rejects.toMatchObject({ code: 'script-missing' }));

test('a malformed script is refused when its agent is stored', () => {
  write('said.yaml', 'turns: []');
  return expect(pinned('said.yaml')).rejects.toMatchObject({ code: 'script-malformed' });
});

test.each([
  '/etc/passwd',
  '../../../../etc/passwd',
  'absent.yaml',
  `absent.yaml@${'0'.repeat(64)}`,
])('an agent that was not stored properly cannot make the runner read `%s`', (name) =>
  expect(registry()(`scripted:${name}`, artifacts()).complete(hello, never)).rejects.toMatchObject({
    code: expect.stringMatching(/^(model-unknown|artifact-missing)$/),
  }));
