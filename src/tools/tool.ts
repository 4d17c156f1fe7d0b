import type { z } from 'zod';
import type { BudgetedUse } from '../domain/budget';
import type { CredentialNeed, IssuedCredential } from '../domain/credential';
import type { JudgeContext, Judgement } from '../domain/judgement';
import type { PolicySnapshotContent } from '../domain/policy';
import type { Forge } from './forge';

/** A command for the OS sandbox. Its profile is the call's effect and not the tool's to choose. */
export interface SandboxCommand {
  /** Looked up in system folders only. */
  argv: string[];
  /** Relative to the workspace. @default '.' */
  cwd?: string;
  stdin?: string | Uint8Array;
  /** Added to the empty environment. */
  env?: Record<string, string>;
  /** Milliseconds until the whole process tree is killed. @default 60_000 */
  timeoutMs?: number;
  /** Bytes of output kept, standard output and error each. @default 1_048_576 */
  maxOutputBytes?: number;
  /** Whether `.git` is writable (git's own tools); never more than the profile gives. @default false */
  writesGit?: boolean;
  /** Whether the forge's repository is reachable (git-push, create-pr); only at effect `draft` and above. */
  reachesForge?: boolean;
}

export interface CommandResult {
  /** Null when killed. */
  exitCode: number | null;
  stdout: string;
  stderr: string;
  /** Why it was killed, if it was. */
  killed: 'timeout' | 'cancelled' | null;
  /** Whether output was dropped past the limit. */
  truncated: boolean;
  /** Other limits that were hit. */
  hit?: readonly HitLimit[];
}

/** A limit of the sandbox that a command hit. `most` is in seconds for times, in MiB for sizes. */
export interface HitLimit {
  kind: 'time' | 'cpu' | 'memory' | 'processes' | 'file';
  most: number;
}

/** What a running tool may use: everything else is out of its reach. */
export interface ToolContext {
  runId: string;
  callId: string;
  /** The run's own branch. */
  branch: string;
  settings: PolicySnapshotContent['settings'];
  /** Runs a command in the OS sandbox, in the profile of the call's effect. */
  exec(command: SandboxCommand): Promise<CommandResult>;
  /** Where the workspace is seen inside the sandbox. */
  workspacePath: string;
  forge: Forge;
  /** The way to the credential broker; absent where there is none. */
  credentials?: CredentialDesk;
  /** Where credentials of the run stand in what a commit (`staged`) or a push (`unpushed`) would take along. */
  credentialsIn(leaving: 'staged' | 'unpushed'): Promise<string[]>;
  signal: AbortSignal;
}

/** Where a granted call of `cloud-credentials` gets what it was granted. */
export interface CredentialDesk {
  /** @throws GatehouseError `credential-…`, `broker-unavailable` */
  request(): Promise<IssuedCredential>;
  /** What was issued for this very call before, or null. */
  held(): Promise<IssuedCredential | null>;
}

export interface ToolOutput {
  /** Whether the tool did what it was asked. */
  ok: boolean;
  /** For the model; whole, the caller cuts it. */
  text: string;
  exitCode?: number;
}

/** What a probe finds out about a call that started and whose end is not known. */
export type Reconciliation =
  | { kind: 'finished'; output: ToolOutput }
  | { kind: 'not-started' }
  | { kind: 'unknown' };

/** One tool of the catalogue: what it may do is declared, judged and executed from this one object. */
export interface Tool<Args = unknown> {
  name: string;
  description: string;
  /** Strict: unknown keys are errors, defaults are filled in. */
  parameters: z.ZodType<Args>;
  /** JSON Schema shown to the model, where `parameters` cannot give it (a user's own tools). */
  inputSchema?: Record<string, unknown>;
  judge(args: Args, context: JudgeContext): Judgement;
  /** Arguments that say who or where, at any depth; grounding guards them. */
  sensitive: readonly string[];
  /** Whether arguments that the default list of names has count too: a declaration that names none. @default false */
  isSensitiveByName?: boolean;
  use?: BudgetedUse;
  /** Credentials that each call gets for itself. */
  credential?: CredentialNeed;
  /** Whether running it twice is the same as once. */
  idempotent: boolean;
  /** Judged on the tree: gated again just before its grant. @default false */
  isTreeJudged?: boolean;
  /** Whether it runs in the run's workspace. @default true */
  needsWorkspace?: boolean;
  /** Whether programs that it runs may ask people; never at effects `read` and `propose`. @default false */
  mayAsk?: boolean;
  /** Program that must be present for the tool to be offered. */
  program?: string;
  /** Absent for tools the workflow itself carries out (ask-user). */
  run?(args: Args, context: ToolContext): Promise<ToolOutput>;
  reconcile?(args: Args, context: ToolContext): Promise<Reconciliation>;
}
