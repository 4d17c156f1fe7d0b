import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Effect } from '../../src/domain/effect';
import type { PolicySnapshotContent } from '../../src/domain/policy';
import { createBubblewrapSandbox } from '../../src/sandbox/bubblewrap';
import { INSIDE } from '../../src/sandbox/profile';
import type { Forge } from '../../src/tools/forge';
import type { CommandResult, SandboxCommand, Tool, ToolContext, ToolOutput } from '../../src/tools/tool';

/** Settings of an agent file that says nothing. */
export const plainSettings: PolicySnapshotContent['settings'] = {
  grounding: 'ask',
  trustedTools: [],
  protectedBranches: ['main', 'master', 'trunk', 'production', 'release/*'],
  protectedPaths: [],
  protectedContexts: [],
  network: [],
  onAsk: 'wait',
  onBudget: 'fail',
  validate: null,
};

export interface ToolWorkspace {
  /** The workspace as the test sees it. */
  folder: string;
  context: ToolContext;
  /** What was run, in order. */
  commands: SandboxCommand[];
  /** Parses, judges and runs as the executor does, in the sandbox of the judged effect. */
  call(tool: Tool, args: unknown): Promise<ToolOutput>;
  /** A context whose commands run in the sandbox of an effect. */
  at(effect: Effect): ToolContext;
  remove(): void;
}

const sandbox = createBubblewrapSandbox();

/**
 * A workspace in a temporary folder, with a tool context over the real sandbox.
 *
 * @param parts.exec `plain` runs programs directly: what a tool does, without what contains it
 * @param parts.bare the local forge's repository, reachable as the sandbox allows
 */
export function toolWorkspace({
  exec = 'sandbox',
  bare = null,
  ...parts
}: Omit<Partial<ToolContext>, 'exec'> & {
  exec?: 'sandbox' | 'plain';
  bare?: string | null;
} = {}): ToolWorkspace {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'gatehouse-tools-')));
  const folder = join(root, 'workspace');
  mkdirSync(folder);
  const commands: SandboxCommand[] = [];
  const at = (effect: Effect): ToolContext => ({
    runId: 'run1',
    callId: 'call1',
    branch: 'gatehouse/run1',
    settings: plainSettings,
    exec: (command) => {
      commands.push(command);
      if (exec === 'plain') return execPlainly(folder, command);
      const hasGit = existsSync(join(folder, '.git', 'config'));
      return sandbox.run(command, { effect, workspace: folder, hasGit, forge: bare });
    },
    workspacePath: exec === 'plain' ? folder : INSIDE.workspace,
    forge: noForge,
    credentialsIn: async () => [],
    signal: new AbortController().signal,
    ...parts,
  });
  return {
    folder,
    context: at('draft'),
    commands,
    at,
    call: async (tool, args) => {
      const parsed = tool.parameters.parse(args);
      const context = at('read');
      return tool.run!(parsed, at(tool.judge(parsed, context).effect));
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

const noForge: Forge = {
  kind: 'local',
  remoteUrl: () => {
    throw new Error('this test has no forge');
  },
  defaultBranch: () => Promise.reject(new Error('this test has no forge')),
  createPullRequest: () => Promise.reject(new Error('this test has no forge')),
  findPullRequest: () => Promise.reject(new Error('this test has no forge')),
};

function execPlainly(folder: string, command: SandboxCommand): Promise<CommandResult> {
  const limit = command.maxOutputBytes ?? 1_048_576;
  return new Promise((resolve, reject) => {
    const [program, ...args] = command.argv;
    const child = spawn(program!, args, {
      cwd: join(folder, command.cwd ?? '.'),
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', ...command.env },
      detached: true,
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let killed: CommandResult['killed'] = null;
    const timer = setTimeout(() => {
      killed = 'timeout';
      process.kill(-child.pid!, 'SIGKILL');
    }, command.timeoutMs ?? 60_000);
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.stdin.on('error', () => {});
    child.stdin.end(command.stdin ?? '');
    child.on('error', reject);
    child.on('close', (exitCode) => {
      clearTimeout(timer);
      const [out, error] = [Buffer.concat(stdout), Buffer.concat(stderr)];
      resolve({
        exitCode: killed === null ? exitCode : null,
        stdout: out.subarray(0, limit).toString(),
        stderr: error.subarray(0, limit).toString(),
        killed,
        truncated: out.length > limit || error.length > limit,
      });
    });
  });
}
