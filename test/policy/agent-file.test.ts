import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AutonomyTier } from '../../src/domain/tier';
import { parseAgent, readAgentFile } from '../../src/policy/agent-file';
import { parseTools } from '../../src/policy/tools-file';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-agent-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const parse = (text: string) => parseAgent(text, { file: 'agents/demo.yaml', readTools: () => [] });

function write(name: string, text: string): string {
  writeFileSync(path.join(folder, name), text);
  return path.join(folder, name);
}

test('a file that names only what it must gets the defaults', () => {
  expect(parse('name: demo\ntier: DRAFT\n')).toEqual({
    name: 'demo',
    tier: AutonomyTier.DRAFT,
    model: 'none',
    systemPrompt: '',
    budget: {},
    grounding: 'ask',
    trustedTools: [],
    protectedBranches: ['main', 'master', 'trunk', 'production', 'release/*'],
    protectedPaths: [],
    protectedContexts: [],
    network: [],
    onAsk: 'wait',
    onBudget: 'fail',
    validate: null,
    tools: [],
  });
});

test('unknown keys and wrong values are named with file and line, all of them', () => {
  const text = [
    'name: demo',
    'tiers: DRAFT',
    'tier: ROOT',
    'budget:',
    '  maxTurns: 0',
    '  maxturns: 5',
    'network: example.com',
  ].join('\n');
  expect(() => parse(text)).toThrow(
    expect.objectContaining({
      code: 'agent-file-invalid',
      message: expect.stringMatching(
        /^agents\/demo\.yaml:2: unknown key `tiers`; agents\/demo\.yaml:3: `tier`: .*; agents\/demo\.yaml:5: `budget\.maxTurns`: .*; agents\/demo\.yaml:6: unknown key `budget\.maxturns`; agents\/demo\.yaml:7: `network`: .*$/,
      ),
    }),
  );
});

test.each([
  ['a missing key', '\n\nname: demo\n', 'agents/demo.yaml:3: `tier`: is missing'],
  ['an empty file', '', 'agents/demo.yaml:1: '],
  ['a list', '- name: demo\n', 'agents/demo.yaml:1: '],
  ['a key twice', 'name: demo\ntier: DRAFT\ntier: OBSERVE\n', 'agents/demo.yaml:3: map keys must be unique'],
  ['broken YAML', 'name: demo\ntier: [DRAFT\n', 'agents/demo.yaml:'],
  ['a tab', 'name: demo\n\ttier: DRAFT\n', 'agents/demo.yaml:2: '],
  ['a tier by number', 'name: demo\ntier: 2\n', 'agents/demo.yaml:2: `tier`: '],
  [
    'a model without a provider',
    'name: demo\ntier: DRAFT\nmodel: gpt\n',
    'agents/demo.yaml:3: `model`: must be `provider:model`',
  ],
  [
    'a key of the prototype',
    'name: demo\ntier: DRAFT\n__proto__: {tier: 4}\n',
    'agents/demo.yaml:3: unknown key',
  ],
  ['a name that is a path', 'name: ../demo\ntier: DRAFT\n', 'agents/demo.yaml:1: `name`: must be'],
])('%s is refused with its line, on one line', (_what, text, message) => {
  expect(() => parse(text)).toThrow(
    expect.objectContaining({ code: 'agent-file-invalid', message: expect.stringContaining(message) }),
  );
  expect(() => parse(text)).toThrow(/^[^\n]*$/);
});

test('tools files and model scripts are named relative to the agent file', () => {
  write(
    'tools.yaml',
    '- name: page-oncall\n  description: Pages.\n  effect: production\n  parameters: {type: object}\n',
  );
  const file = write(
    'demo.yaml',
    'name: demo\ntier: DRAFT\nmodel: scripted:demo.script.yaml\ntools: [tools.yaml]\n',
  );
  expect(readAgentFile(file)).toMatchObject({
    model: `scripted:${path.join(folder, 'demo.script.yaml')}`,
    tools: [{ name: 'page-oncall', effect: 'production' }],
  });
});

test('an agent file that is not there says so', () => {
  expect(() => readAgentFile('nowhere.yaml')).toThrow(
    'nowhere.yaml: there is no such file; an agent file was looked for here',
  );
});

test('a tool declared by two files is refused', () => {
  const tools = '- {name: page_oncall, description: Pages., parameters: {}}\n';
  write('one.yaml', tools);
  write('two.yaml', tools.replace('page_oncall', 'pageOncall'));
  const file = write('demo.yaml', 'name: demo\ntier: DRAFT\ntools: [one.yaml, two.yaml]\n');
  expect(() => readAgentFile(file)).toThrow(/two tools files declare `page-oncall`/);
});

test('tools are read from JSON lines as from YAML, and problems name their line', () => {
  const tool = {
    name: 'a',
    description: 'A.',
    effect: 'read',
    parameters: { type: 'object' },
    sensitive: [],
  };
  const lines = `${JSON.stringify(tool)}\n\n${JSON.stringify({ ...tool, name: 'b' })}\n`;
  expect(parseTools(lines, 'tools.jsonl')).toEqual([tool, { ...tool, name: 'b' }]);
  expect(() => parseTools(`${lines}{"name": 1}\n{"a": 1, "a": 2}\n{`, 'tools.jsonl')).toThrow(
    expect.objectContaining({
      code: 'tools-file-invalid',
      message: expect.stringMatching(
        /^tools\.jsonl:4: `name`: .*; `parameters`: is missing; tools\.jsonl:5: .*twice.*; tools\.jsonl:6: [^\n]*$/,
      ),
    }),
  );
});

test('every example agent can be read', () => {
  const agents = path.resolve(__dirname, '../../examples/agents');
  for (const name of readdirSync(agents)) expect(readAgentFile(path.join(agents, name)).name).not.toBe('');
});

test('a folder, a file too large and one that is not text say what they are', () => {
  expect(() => readAgentFile(folder)).toThrow(`${folder}: is a folder, not an agent file`);
  expect(() => readAgentFile(write('huge.yaml', `name: huge\n# ${'x'.repeat(600_000)}`))).toThrow(
    /huge\.yaml: has 600013 bytes; an agent file has at most 524288$/,
  );
  const binary = path.join(folder, 'binary.yaml');
  writeFileSync(binary, Buffer.from([0xff, 0xfe, 0x00]));
  expect(() => readAgentFile(binary)).toThrow(`${binary}: is not UTF-8 text`);
});

test('what a parser says is one short visible line', () => {
  expect(() => parse('')).toThrow('agents/demo.yaml:1: there is nothing in it');
  expect(() => parse('name: a\n---\nname: b\n')).toThrow(
    /^agents\/demo\.yaml:2: a second document begins here; one is allowed$/,
  );
  const noise = `name: "\u001b[31m${'\u0007'.repeat(5_000)}`;
  expect(() => parse(noise)).toThrow(/^[^\p{Cc}]{1,700}$/u);
  const keys = Array.from({ length: 30 }, (_, index) => `key${index}: 1`).join('\n');
  expect(() => parse(keys)).toThrow(/; and 22 more$/);
});

test('a tool whose parameters are no schema is refused where it is declared', () => {
  const tool = '- name: weird\n  parameters: { type: object, properties: 3 }\n';
  expect(() => parseTools(tool, 'tools.yaml')).toThrow(
    /^tools\.yaml:2: `0\.parameters`: the tool `weird` cannot be used: its parameters are not a JSON Schema$/,
  );
});

test('a tool that guards an argument it does not have is an error: the guard would guard nothing', () => {
  const tool = '{"name":"send","effect":"draft","parameters":{"properties":{"to":{}}},"sensitive":["too"]}';
  const readTools = (name: string) => parseTools(tool, name);
  expect(() => parseAgent('name: a\ntier: DRAFT\ntools: [t.jsonl]\n', { file: 'a.yaml', readTools })).toThrow(
    'a.yaml: `sensitive` of the tool `send` names `too`, which is none of its parameters',
  );
});
