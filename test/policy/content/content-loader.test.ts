import { GatehouseError } from '../../../src/domain/errors';
import { sha256 } from '../../../src/domain/hashing';
import type { Workspace } from '../../../src/domain/steps';
import { contentOfArguments, createContentLoader } from '../../../src/policy/content/content-loader';
import { workspace } from '../fixture';

type Texts = Record<string, string>;

/** A store in memory, and a workspace whose files are kept in it. */
function opened(states: { base: Texts; tree?: Texts; head?: Texts }) {
  const kept = new Map<string, string>();
  const put = (text: string) => {
    kept.set(sha256(text), text);
    return sha256(text);
  };
  const list = (files: Texts) =>
    put(JSON.stringify(Object.entries(files).map(([path, text]) => ({ path, artifact: put(text) }))));
  const { base, tree = base, head = tree } = states;
  const content = put(JSON.stringify({ base: list(base), tree: list(tree), head: list(head) }));
  const artifacts = {
    put: async (text: string | Uint8Array) => put(String(text)),
    async get(hash: string) {
      const text = kept.get(hash);
      if (text === undefined)
        throw new GatehouseError('artifact-missing', `artifact \`${hash}\` is not in the store`);
      return Buffer.from(text);
    },
  };
  const foreign = new Set<string>();
  const ownership = {
    async require(_runId: string, hashes: readonly string[]) {
      const found = hashes.find((hash) => foreign.has(hash));
      if (found) throw new GatehouseError('artifact-missing', `artifact \`${found}\` is not in the store`);
    },
  };
  const loader = createContentLoader({ artifacts, ownership });
  return {
    kept,
    /** Artifacts of another run. */
    foreign,
    content,
    /** What each call would leave behind: addresses with encryption, or why that is not known. */
    async judged(calls: [tool: string, args: unknown][], at: Workspace | null = { ...workspace, content }) {
      const facts = await loader.load(
        calls.map(([tool, args], index) => ({ id: `c${index}`, tool, args })),
        at,
        'run',
      );
      return calls.map((_call, index) => {
        const found = facts.get(`c${index}`);
        if (found?.kind !== 'loaded') return found?.problem;
        return found.resources.map(({ type, address, attributes }) =>
          type === 'removed' ? `gone: ${address}` : `${address} ${attributes.storage_encrypted}`,
        );
      });
    },
  };
}

const db = (name: string, encrypted: boolean) =>
  `resource "aws_db_instance" "${name}" {\n  storage_encrypted = ${encrypted}\n}\n`;
const write = (path: string, content: string): [string, unknown] => ['write-file', { path, content }];
const patch = (text: string): [string, unknown] => ['apply-patch', { patch: text }];
const push: [string, unknown] = ['git-push', {}];

test('a written file is judged as it will lie there, without what it does not change', async () => {
  const { judged } = opened({ base: { 'main.tf': db('a', false) } });
  expect(await judged([write('main.tf', db('a', false) + db('b', true))])).toEqual([
    ['aws_db_instance.b true'],
  ]);
  expect(await judged([write('./main.tf', db('a', true))])).toEqual([['aws_db_instance.a true']]);
  expect(await judged([write('notes.md', db('a', true))])).toEqual([[]]);
});

test('what the run has spoilt elsewhere does not keep it from mending something else', async () => {
  const { judged } = opened({ base: {}, tree: { 'a.tf': db('a', false), 'b.tf': db('b', false) } });
  expect(await judged([write('a.tf', db('a', true))])).toEqual([['aws_db_instance.a true']]);
  expect(await judged([push])).toEqual([['aws_db_instance.a false', 'aws_db_instance.b false']]);
});

test('a push is judged on what is committed, whatever lies in the workspace', async () => {
  const { judged } = opened({ base: {}, tree: { 'a.tf': db('a', true) }, head: { 'a.tf': db('a', false) } });
  expect(await judged([push, ['create-pr', { title: 'x' }]])).toEqual([
    ['aws_db_instance.a false'],
    ['aws_db_instance.a false'],
  ]);
});

test('writes of one turn are judged on top of each other', async () => {
  const { judged } = opened({ base: { 'locals.tf': 'locals {\n  on = false\n}\n' } });
  const use = 'resource "aws_db_instance" "a" {\n  storage_encrypted = local.on\n}\n';
  expect(await judged([write('locals.tf', 'locals {\n  on = true\n}\n'), write('a.tf', use)])).toEqual([
    [],
    ['aws_db_instance.a true'],
  ]);
});

describe('a patch', () => {
  const header = '--- a/main.tf\n+++ b/main.tf\n';
  const hunk = (first: number) =>
    `@@ -${first},3 +${first},3 @@\n resource "aws_db_instance" "a" {\n-  storage_encrypted = true\n+  storage_encrypted = false\n }\n`;

  test('is judged by what it makes of the file, wherever its lines have moved to', async () => {
    for (const before of ['', '# one\n# two\n# three\n']) {
      const { judged } = opened({ base: { 'main.tf': before + db('a', true) } });
      expect(await judged([patch(header + hunk(1))])).toEqual([['aws_db_instance.a false']]);
    }
  });

  test('that makes, moves or deletes a file is followed', async () => {
    const { judged } = opened({ base: { 'main.tf': db('a', true) } });
    const made = `--- /dev/null\n+++ b/new.tf\n@@ -0,0 +1,3 @@\n${db('b', false).replace(/^(?=.)/gm, '+')}`;
    const moved =
      'diff --git a/main.tf b/m/main.tf\nsimilarity index 100%\nrename from main.tf\nrename to m/main.tf\n';
    const deleted = `diff --git a/main.tf b/main.tf\ndeleted file mode 100644\n--- a/main.tf\n+++ /dev/null\n@@ -1,3 +0,0 @@\n${db('a', true).replace(/^(?=.)/gm, '-')}`;
    expect(await judged([patch(made)])).toEqual([['aws_db_instance.b false']]);
    expect(await judged([patch(moved)])).toEqual([['aws_db_instance.a true', 'gone: aws_db_instance.a']]);
    expect(await judged([patch(deleted)])).toEqual([['gone: aws_db_instance.a']]);
  });

  test('that does not apply leaves nothing to judge: git refuses it, and the push is judged', async () => {
    const { judged } = opened({ base: { 'main.tf': db('other', true) } });
    expect(await judged([patch(header + hunk(1))])).toEqual([[]]);
  });
});

test('a file that cannot be parsed, or is no file, cannot be judged', async () => {
  const { judged, kept } = opened({ base: {} });
  expect(await judged([write('a.tf', 'resource {{{')])).toEqual([
    expect.stringMatching(/^`a.tf` cannot be parsed/),
  ]);
  const list = (files: unknown[]) => {
    const text = JSON.stringify(files);
    kept.set(sha256(text), text);
    return sha256(text);
  };
  const link = list([{ path: 'l.tf', artifact: null, problem: 'is a link' }]);
  const index = JSON.stringify({ base: list([]), tree: link, head: link });
  kept.set(sha256(index), index);
  expect(await judged([push], { ...workspace, content: sha256(index) })).toEqual(['`l.tf` is a link']);
});

test('without the artifacts nothing is known, and that is said', async () => {
  const { judged, kept } = opened({ base: { 'a.tf': db('a', true) }, tree: { 'a.tf': db('a', false) } });
  kept.delete(sha256(db('a', false)));
  expect(await judged([push])).toEqual([expect.stringContaining('is not in the store')]);
  expect(await judged([push], workspace)).toEqual([expect.stringContaining('cannot be looked at')]);
});

test('before there is a workspace there is nothing to judge: the call is gated again with one', async () => {
  const { judged } = opened({ base: {} });
  expect(await judged([write('a.tf', db('a', false)), push], null)).toEqual([[], []]);
});

test('a change of too many files is not judged in part', async () => {
  const files = Object.fromEntries(Array.from({ length: 1_001 }, (_, index) => [`f${index}.yaml`, 'a: 1']));
  const { judged } = opened({ base: {}, tree: files });
  expect(await judged([push])).toEqual([expect.stringContaining('more than 1000')]);
});

describe('from arguments alone', () => {
  const addresses = async (tool: string, args: unknown) => {
    const facts = await contentOfArguments({ tool, args });
    return facts.kind === 'loaded' ? facts.resources.map(({ address }) => address) : facts.problem;
  };

  test('all that a written file declares is judged, and a new file of a patch', async () => {
    expect(await addresses('write-file', { path: 'a.tf', content: db('a', true) })).toEqual([
      'aws_db_instance.a',
    ]);
    expect(
      await addresses('apply-patch', { patch: '--- /dev/null\n+++ b/a.tf\n@@ -0,0 +1 @@\n+module "m" {}\n' }),
    ).toEqual(['module.m']);
    expect(await addresses('git-push', {})).toEqual([]);
  });

  test('a patch of a file that is not there cannot be judged, of other files it need not', async () => {
    const change = (path: string) => `--- a/${path}\n+++ b/${path}\n@@ -1 +1 @@\n-a\n+b\n`;
    expect(await addresses('apply-patch', { patch: change('a.tf') })).toContain('`a.tf`');
    expect(await addresses('apply-patch', { patch: change('a.md') })).toEqual([]);
  });
});

test.each<[string, (names: { content: string; file: string; list: string }) => string]>([
  ['the content', ({ content }) => content],
  ['a list', ({ list }) => list],
  ['a file', ({ file }) => file],
])('%s of another run that a host names is not looked at, also when it was read before', async (_what, of) => {
  const { judged, foreign, content, kept } = opened({ base: { 'main.tf': db('a', false) } });
  const call = write('main.tf', db('a', true));
  expect(await judged([call])).toEqual([['aws_db_instance.a true']]);
  const { base: list } = JSON.parse(kept.get(content) ?? '');
  const [{ artifact: file }] = JSON.parse(kept.get(list) ?? '');
  foreign.add(of({ content, list, file }));
  expect(await judged([call])).toEqual([expect.stringContaining('cannot be looked at')]);
});
