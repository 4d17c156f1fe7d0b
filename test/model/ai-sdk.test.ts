import { createModelRegistry } from '../../src/model/registry';
import {
  CONVERSATION,
  hello,
  never,
  request,
  runModelConformance,
  runWireConformance,
  type Said,
} from './conformance';
import { anthropicServer, type ModelServer, openAiServer } from './model-server';

const key = 'sk-test-0123456789abcdef';
const timeoutMs = 1_000;

const anthropic = anthropicServer();
const openAi = openAiServer();
let anthropicURL: string;
let openAiURL: string;

beforeAll(async () => {
  anthropicURL = await anthropic.listen();
  openAiURL = await openAi.listen();
});
afterAll(async () => {
  await anthropic.close();
  await openAi.close();
});

/** What these providers do not read. */
const noArtifacts = { get: () => Promise.reject(new Error('nothing is read')) };

const providers = [
  {
    name: 'anthropic',
    server: anthropic,
    open: () =>
      createModelRegistry({ anthropic: { apiKey: key, baseURL: anthropicURL }, timeoutMs })(
        'anthropic:claude-test',
        noArtifacts,
      ),
  },
  {
    name: 'openai-compatible',
    server: openAi,
    open: () =>
      createModelRegistry({ openaiCompatible: { apiKey: key, baseURL: openAiURL }, timeoutMs })(
        'openai-compatible:test',
        noArtifacts,
      ),
  },
];

for (const { name, server, open } of providers) {
  runModelConformance(name, () => ({
    provider: open(),
    willSay: (said) => say(server, said),
    whenAsked: () => server.nextRequest(),
  }));
  runWireConformance(name, () => ({ provider: open(), server, key }));
}

function say(server: ModelServer, { slow, usage, calls, text }: Said): void {
  const named = calls?.map((call, index) => ({ id: `call_${index}`, ...call }));
  server.willAnswer(slow ? { kind: 'never' } : { kind: 'reply', text, calls: named, usage });
}

test('an OpenAI-compatible server is asked in its own words', async () => {
  openAi.willAnswer({ kind: 'reply', text: 'ok' });
  await providers[1]!.open().complete(request(CONVERSATION, 3), never);
  const { path, headers, body } = openAi.lastRequest;
  expect(path).toBe('/v1/chat/completions');
  expect(headers.authorization).toBe(`Bearer ${key}`);
  expect(body).toMatchObject({
    model: 'test',
    tools: [{ type: 'function', function: { name: 'read-file', parameters: { required: ['path'] } } }],
    messages: [
      { role: 'system', content: 'You keep the infrastructure tidy.' },
      { role: 'user' },
      {
        role: 'assistant',
        tool_calls: [
          { id: 't1c1', function: { name: 'read-file', arguments: '{"path":"main.tf"}' } },
          { id: 't1c2', function: { name: 'git-push' } },
        ],
      },
      { role: 'tool', tool_call_id: 't1c1' },
      { role: 'tool', tool_call_id: 't1c2' },
      { role: 'user', content: '[Gatehouse] the workspace was rebuilt' },
      { role: 'assistant', tool_calls: [{ id: 't2c1' }] },
      { role: 'tool', tool_call_id: 't2c1' },
    ],
  });
});

test('Anthropic is asked in its own words, and told what it may cache', async () => {
  anthropic.willAnswer({ kind: 'reply', text: 'ok' });
  await providers[0]!.open().complete(request(CONVERSATION, 3), never);
  const { path, headers, body } = anthropic.lastRequest;
  expect(path).toBe('/v1/messages');
  expect(headers['x-api-key']).toBe(key);
  const cached = { cache_control: { type: 'ephemeral' } };
  expect(body).toMatchObject({
    model: 'claude-test',
    stream: true,
    system: [{ type: 'text', text: 'You keep the infrastructure tidy.', ...cached }],
    tools: [{ name: 'read-file', input_schema: { required: ['path'] } }],
    messages: [
      { role: 'user' },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'reading' },
          { type: 'tool_use', id: 't1c1', input: { path: 'main.tf' } },
          { type: 'tool_use', id: 't1c2', input: { unreadable_arguments: '{"branch":"main"' } },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 't1c1' },
          { type: 'tool_result', tool_use_id: 't1c2', is_error: true },
          { type: 'text', text: '[Gatehouse] the workspace was rebuilt' },
        ],
      },
      { role: 'assistant', content: [{ type: 'tool_use', id: 't2c1', name: 'made_up_tool' }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't2c1', ...cached }] },
    ],
  });
});

test('a server that cannot be reached is retryable', async () => {
  const gone = openAiServer();
  const baseURL = await gone.listen();
  await gone.close();
  const provider = createModelRegistry({ openaiCompatible: { baseURL } })(
    'openai-compatible:test',
    noArtifacts,
  );
  await expect(provider.complete(hello, never)).rejects.toMatchObject({
    code: 'model-unavailable',
    message: expect.stringContaining('it cannot be reached'),
  });
});

test.each([
  ['gpt-5', 'model-unknown', 'write `anthropic:MODEL`, `openai-compatible:MODEL` or `scripted:FILE`'],
  ['mystery:model', 'model-unknown', 'write `anthropic:MODEL`'],
  ['anthropic:', 'model-unknown', 'write `anthropic:MODEL`'],
  ['anthropic:claude', 'model-not-configured', '`ANTHROPIC_API_KEY`'],
  ['openai-compatible:x', 'model-not-configured', '`OPENAI_COMPATIBLE_BASE_URL`'],
  ['scripted:demo.yaml', 'model-not-configured', 'store of scripts'],
])('model `%s` without its configuration is %s and says the way out', (name, code, wayOut) => {
  const find = () => createModelRegistry({})(name, noArtifacts);
  expect(find).toThrow(expect.objectContaining({ code }));
  expect(find).toThrow(wayOut);
});
