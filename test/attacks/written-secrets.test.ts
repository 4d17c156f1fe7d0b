import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Effect } from '../../src/domain/effect';
import { createHeldCredentials } from '../../src/sandbox/held-credentials';
import { createSecretFinder } from '../../src/sandbox/secret-finder';
import { createWorkspaces } from '../../src/sandbox/workspace';
import { type Host, openHost } from '../sandbox/support/host';

/** A program writes a credential that it was given into files: it leaves the workspace in none of the ways there are. */
const SECRET = 'Rk8/Vn2+Jp6=Wd4-Hs0Ly9Ct1';
/** Can be a name. */
const NAME = 'Jw5Tq8Zr3Xb6Nm1Kd9';
const FORMS = [NAME, SECRET, Buffer.from(SECRET).toString('base64').slice(0, 30), encodeURIComponent(SECRET)];

let host: Host;
let runs = 0;
let runId: string;

beforeAll(() => {
  const issued = {
    ...{ handle: 'cred-1', provider: 'static', account: 'a', role: 'r', scope: 'read' as const },
    ...{ expiresAt: Date.now() + 600_000, callId: 'before', isForCall: false },
    material: { env: { TOKEN: SECRET, NAME }, files: {}, secrets: [SECRET, NAME] },
  };
  host = openHost({
    credentials: createHeldCredentials({
      redeem: async () => ({ credentials: [issued], gone: [] }),
      issue: () => Promise.reject(new Error('not asked for here')),
      release: async () => {},
    }),
  });
});
beforeEach(async () => {
  runId = `writer-${++runs}`;
  await host.prepare(runId);
});
afterAll(() => host.close());

async function call(tool: string, args: object, effect: Effect = 'draft') {
  const { outcomes, workspace } = await host.execute(tool, args, effect, { sub: runId });
  return { ...outcomes[0]!, workspace };
}
const script = (text: string, more: object = {}) => call('script', { script: text, ...more }, 'sandbox');

const ENCODED = 'printf "%s" "$TOKEN" | base64 -w 20 > encoded.txt';
const ESCAPED = `printf 'https://h/?t=%s' "$(printf '%s' "$TOKEN" | sed 's,/,%2F,g;s,+,%2B,g;s,=,%3D,g')" > link.txt`;

/** The workspace as another host makes it from the checkpoint. */
async function restored(checkpoint: string | null | undefined) {
  const root = join(host.folder, `there-${runId}`);
  mkdirSync(root);
  const { sandbox, artifacts, forge, source } = host;
  const there = createWorkspaces({ root, host: 'there', sandbox, openArtifacts: () => artifacts, forge });
  const lost = { host: 'here', checkpoint: checkpoint ?? null };
  const { rebuilding } = await there.prepare({ runId, repo: source, lost });
  return { rebuilding, path: await there.path(runId) };
}

/** What git and the folder hold of it, packed or not. */
function traces(path: string): string[] {
  const git = (...args: string[]) => execFileSync('git', ['-C', path, ...args], { encoding: 'latin1' });
  const objects = git('cat-file', '--batch-all-objects', '--batch').replaceAll('\n', '');
  return FORMS.filter(
    (form) => objects.includes(form) || textsBelow(path).some((text) => text.includes(form)),
  );
}

function textsBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return name === '.git' ? [] : textsBelow(path);
    return [readFileSync(path, 'latin1').replaceAll('\n', '')];
  });
}

test.each([
  ['as it is', 'printf "key = %s\\n" "$TOKEN" > kept.txt', 'kept.txt'],
  ['in base64 over several lines', ENCODED, 'encoded.txt'],
  ['escaped for a URL', ESCAPED, 'link.txt'],
  ['as what a link leads to', 'ln -s "$TOKEN" link', 'link'],
  ['among bytes that are no text', 'printf "\\377\\376%s\\377" "$TOKEN" > raw.bin', 'raw.bin'],
])('a commit that would hold it %s is refused, and says where; without the file it is made', async (_, writing, file) => {
  await script(`${writing}; echo ok > harmless.txt`);
  const refused = await call('git-commit', { message: 'all' });
  expect(refused).toMatchObject({
    kind: 'failed',
    text: `not committed: \`${file}\` holds a credential of this run; take it out, or have git ignore it`,
  });
  const made = await call('git-commit', { message: 'some', paths: ['harmless.txt'] });
  expect(made).toMatchObject({ kind: 'done' });
  expect(made.text).not.toContain(file);
});

test('checkpoints leave such files out, keep the others, and say what they left out', async () => {
  const { workspace } = await script(
    `printf "%s" "$TOKEN" > kept.txt; ${ENCODED}; mkdir sub; cp kept.txt "sub/a name"; echo ok > harmless.txt; printf "%s" "$TOKEN" >> main.tf`,
  );
  expect(workspace.checkpoint).toMatchObject({ isCurrent: true });
  const { rebuilding, path } = await restored(workspace.checkpoint?.artifact);
  expect(rebuilding).toMatchObject({ kind: 'restored' });
  const { notKept } = rebuilding as Extract<typeof rebuilding, { kind: 'restored' }>;
  expect(notKept?.withheld?.sort()).toEqual(['encoded.txt', 'kept.txt', 'main.tf', 'sub/a name']);
  expect(readFileSync(join(path, 'harmless.txt'), 'utf8')).toBe('ok\n');
  expect(readFileSync(join(path, 'main.tf'), 'utf8')).toContain('null_resource');
  expect(existsSync(join(path, 'kept.txt'))).toBe(false);
  expect(traces(path)).toEqual([]);
});

test('what a program commits itself reaches neither the forge nor a checkpoint, in files, messages and history alike', async () => {
  const before = (await script('echo ok > harmless.txt')).workspace.checkpoint;
  const { workspace } = await script(
    'printf "%s" "$TOKEN" > kept.txt; git add -A; git commit -qm one; git rm -q kept.txt; git commit -qm two',
    { writesGit: true },
  );
  expect(workspace.checkpoint).toEqual({ artifact: before?.artifact, isCurrent: false });
  expect(await call('git-push', {})).toMatchObject({
    kind: 'failed',
    text: 'not pushed: in the commits `kept.txt` holds a credential of this run; make the commits again without it, from where the branch began',
  });
  await script('git reset -q --hard HEAD~2; git commit -q --allow-empty -m "$TOKEN"', { writesGit: true });
  expect((await call('git-push', {})).text).toContain('`a commit message` holds a credential');
  expect(traces(host.forge.repositoryOf(runId).path)).toEqual([]);
  await script('git reset -q --hard HEAD~1; git commit -q --allow-empty -m fine', { writesGit: true });
  expect(await call('git-push', {})).toMatchObject({ kind: 'done' });
});

test.each([
  ['file', 'touch "$NAME.txt"'],
  ['ignored file', 'touch "$NAME.ignored" harmless.txt'],
  ['file that rules judge', 'touch "$NAME.tf"'],
  ['branch', 'touch harmless.txt; git branch "$NAME"'],
])('a checkpoint names no %s by it, and no list of content does', async (_, naming) => {
  const { workspace, kind } = await script(naming, { writesGit: true });
  expect(kind).toBe('done');
  expect(workspace.checkpoint?.isCurrent).toBe(false);
});

test('an object that another stands for is looked at as it would be pushed', async () => {
  await script(
    'printf "%s" "$TOKEN" > kept.txt; git add kept.txt; git commit -qm one; harmless=$(echo fine | git hash-object -w --stdin); git replace "$(git rev-parse HEAD:kept.txt)" "$harmless"',
    { writesGit: true },
  );
  expect(await call('git-push', {})).toMatchObject({
    kind: 'failed',
    text: expect.stringContaining('`kept.txt` holds a credential'),
  });
});

test('content that rules judge is not kept with it, and says so', async () => {
  const { workspace } = await script(
    'printf "resource \\"a\\" \\"b\\" { token = \\"%s\\" }\\n" "$TOKEN" > leak.tf; echo "# fine" > fine.tf',
  );
  const { tree } = await host.content(workspace.content);
  expect(tree.find(({ path }) => path === 'leak.tf')).toEqual({
    path: 'leak.tf',
    artifact: null,
    problem: 'holds a credential of this run; take it out',
  });
  expect(tree.find(({ path }) => path === 'fine.tf')?.artifact).toMatch(/^[0-9a-f]{64}$/);
});

test('no artifact of all of this holds it', () => {
  const texts = textsBelow(join(host.folder, 'artifacts'));
  expect(texts.length).toBeGreaterThan(10);
  expect(FORMS.filter((form) => texts.some((text) => text.includes(form)))).toEqual([]);
});

test.each([
  ['a part of it', SECRET.slice(0, -1)],
  ['another that begins alike', `${SECRET.slice(0, 12)}0000000000000`],
  ['base64 of something else', Buffer.from('an ordinary text of a certain length').toString('base64')],
  ['a hash', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
])('ordinary content is no secret: %s', (_, text) => {
  expect(createSecretFinder([SECRET])?.isIn(Buffer.from(text))).toBe(false);
});

test('words that stand anywhere are not looked for', () => {
  expect(createSecretFinder(['development', 'production', 'password1'])).toBeNull();
});
