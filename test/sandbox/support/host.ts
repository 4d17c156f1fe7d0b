import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { createLocalArtifactStore } from '../../../src/artifacts/local-artifact-store';
import { createGrantMinter, createGrantVerifier } from '../../../src/broker/grant';
import { makeKey } from '../../../src/broker/keys';
import type { CanonicalCall } from '../../../src/domain/call';
import { canonicalJson } from '../../../src/domain/canonical-json';
import type { ContentFile, ContentIndex } from '../../../src/domain/content';
import type { Effect } from '../../../src/domain/effect';
import { GRANT_LIFETIME_S, type GrantClaims, type GrantedCall } from '../../../src/domain/grant';
import { sha256 } from '../../../src/domain/hashing';
import type { Asker } from '../../../src/sandbox/asker';
import { type BubblewrapOptions, createBubblewrapSandbox } from '../../../src/sandbox/bubblewrap';
import { createExecutor, type ExecutorDependencies } from '../../../src/sandbox/execute';
import { createJournal } from '../../../src/sandbox/journal';
import { createWorkspaces } from '../../../src/sandbox/workspace';
import { builtInTools } from '../../../src/tools/catalogue';
import { toolOf } from '../../../src/tools/declared';
import { defineTool } from '../../../src/tools/define-tool';
import { createLocalForge } from '../../../src/tools/local-forge';
import type { Tool } from '../../../src/tools/tool';

export const settings = {
  grounding: 'ask' as const,
  trustedTools: [],
  protectedBranches: ['main'],
  protectedPaths: [],
  protectedContexts: [],
  network: [] as string[],
  onAsk: 'wait' as const,
  onBudget: 'fail' as const,
  validate: null,
};

/** Runs any script: what hostile code would do once it runs. */
export const scriptTool = defineTool<{
  script: string;
  timeoutMs: number;
  writesGit: boolean;
  reachesForge: boolean;
}>({
  name: 'script',
  description: 'Runs a shell script.',
  parameters: z.strictObject({
    script: z.string(),
    timeoutMs: z.int().default(10_000),
    writesGit: z.boolean().default(false),
    reachesForge: z.boolean().default(false),
  }),
  judge: () => ({ effect: 'sandbox', marks: [] }),
  sensitive: [],
  idempotent: false,
  async run({ script, ...options }, context) {
    const result = await context.exec({ argv: ['sh', '-c', script], ...options });
    const text = result.killed ?? result.stdout + result.stderr;
    return { ok: result.exitCode === 0, text, exitCode: result.exitCode ?? undefined };
  },
});

export type Host = ReturnType<typeof openHost>;

/** A whole sandbox host in a folder of its own, with a source repository and the gate's key. */
export function openHost(
  changes: { tools?: Tool[]; network?: string[]; asker?: Asker; sandbox?: BubblewrapOptions } & Pick<
    ExecutorDependencies,
    'credentials'
  > = {},
) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-host-'));
  const source = join(folder, 'source');
  makeRepository(source);
  const gate = makeKey();
  const runner = makeKey();
  const key = makeKey();
  const host = { name: 'here', thumbprint: key.thumbprint };
  const sandbox = createBubblewrapSandbox(changes.sandbox);
  const artifacts = createLocalArtifactStore({ folder: join(folder, 'artifacts') });
  const forge = createLocalForge({ root: join(folder, 'forge') });
  const workspaces = createWorkspaces({
    root: join(folder, 'workspaces'),
    host: host.name,
    sandbox,
    openArtifacts: () => artifacts,
    forge,
    credentials: changes.credentials,
  });
  const journalFolder = join(folder, 'journal');
  const dependencies: ExecutorDependencies = {
    sandbox,
    workspaces,
    openArtifacts: () => artifacts,
    journal: createJournal({ folder: journalFolder }),
    verifier: createGrantVerifier({ publicKeys: [gate.publicKey] }),
    tools: new Map([
      ...builtInTools,
      ...[scriptTool, ...(changes.tools ?? [])].map((tool) => [tool.name, tool] as const),
    ]),
    toolOf,
    forge,
    host,
    asker: changes.asker,
    credentials: changes.credentials,
  };
  const snapshot = artifacts.put(
    canonicalJson({
      organizationId: 'local',
      settings: { ...settings, network: changes.network ?? [] },
      tools: [
        {
          name: 'greet',
          description: 'Greets.',
          effect: 'read',
          parameters: { type: 'object', properties: { name: { type: 'string' } } },
          command: ['cat'],
        },
      ],
    }),
  );
  const minter = createGrantMinter(gate);
  let counter = 0;

  /** A genuine grant for these calls, changed as wanted before it is signed. */
  async function grant(
    calls: readonly (CanonicalCall & { effect?: Effect } & Partial<GrantedCall>)[],
    claims: Partial<GrantClaims> = {},
  ) {
    const aud = claims.aud ?? 'activity';
    const iat = Math.floor(Date.now() / 1000);
    return minter.mint({
      iss: 'gatehouse',
      sub: 'run-1',
      aud,
      jti: `grant-${++counter}`,
      iat,
      exp: iat + GRANT_LIFETIME_S[aud],
      cnf: { jkt: aud === 'channel' ? runner.thumbprint : key.thumbprint },
      organization: 'local',
      snapshot: await snapshot,
      host: 'here',
      calls: calls.map(({ id, tool, args, effect = 'sandbox', tree, head }) => ({
        id,
        tool,
        argsHash: sha256(args),
        effect,
        ...(tree && { tree }),
        ...(head && { head }),
      })),
      ...claims,
    });
  }

  const executor = createExecutor(dependencies);

  /** Executes one call under a grant of its own. */
  async function execute(
    tool: string,
    args: unknown,
    effect: Effect,
    claims: Partial<GrantClaims> = {},
    id = `c${++counter}`,
  ) {
    const call = { id, tool, args: canonicalJson(args) };
    const runId = claims.sub ?? 'run-1';
    const token = await grant([{ ...call, effect }], claims);
    return executor.execute(
      { grant: token, calls: [call], audience: 'activity', runId },
      new AbortController().signal,
    );
  }

  return {
    folder,
    source,
    journalFolder,
    gate,
    runner,
    key,
    minter,
    artifacts,
    sandbox,
    forge,
    workspaces,
    dependencies,
    executor,
    grant,
    execute,
    /** What a script prints in the profile of an effect. */
    async script(script: string, effect: Effect, options: object = {}): Promise<string> {
      const { outcomes } = await execute('script', { script, ...options }, effect);
      return outcomes[0]?.text ?? '';
    },
    /** The lists that a workspace's content names. */
    async content(hash: string | undefined): Promise<Record<keyof ContentIndex, ContentFile[]>> {
      const json = async <T>(name: string): Promise<T> =>
        JSON.parse(Buffer.from(await artifacts.get(name)).toString());
      const { base, tree, head } = await json<ContentIndex>(hash ?? '');
      return { base: await json(base), tree: await json(tree), head: await json(head) };
    },
    prepare: (runId = 'run-1') => workspaces.prepare({ runId, repo: source }),
    async secretFile(name: string, text: string): Promise<string> {
      await mkdir(join(folder, 'secrets'), { recursive: true });
      const path = join(folder, 'secrets', name);
      writeFileSync(path, text);
      return path;
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export function makeRepository(path: string): void {
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', path, '-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args]);
  execFileSync('git', ['init', '--quiet', '--initial-branch=main', path]);
  writeFileSync(join(path, 'main.tf'), 'resource "null_resource" "a" {}\n');
  writeFileSync(join(path, '.gitignore'), '*.ignored\n');
  git('add', '.');
  git('commit', '--quiet', '-m', 'first');
}
