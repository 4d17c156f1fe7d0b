import { expired, type GrantVerifier, refusal } from '../broker/grant';
import type { CallOutcome, CanonicalCall } from '../domain/call';
import { MAX_REFUSED_OF_CALL, type RefusedHost } from '../domain/egress';
import { GatehouseError } from '../domain/errors';
import type { GrantAudience, GrantClaims, GrantedCall } from '../domain/grant';
import { sha256 } from '../domain/hashing';
import type { ProbeResult } from '../domain/probe';
import type { ExecuteResult } from '../domain/steps';
import type { ToolDeclaration } from '../domain/tool-declaration';
import type { Forge } from '../tools/forge';
import type { Tool } from '../tools/tool';
import type { OpenArtifacts } from './artifact-client';
import type { Asker } from './asker';
import type { HeldCredentials } from './held-credentials';
import type { Journal, JournalRecord } from './journal';
import type { OsSandbox } from './os-sandbox';
import { isWriting } from './profile';
import { createToolRunner, type PreparedCall, type ReconciledCall, unknownOutcome } from './run-tool';
import { createSnapshotReader } from './snapshot-settings';
import { createTurnstile } from './turnstile';
import type { Workspaces } from './workspace';

export interface ExecutorDependencies {
  sandbox: OsSandbox;
  workspaces: Workspaces;
  openArtifacts: OpenArtifacts;
  journal: Journal;
  verifier: GrantVerifier;
  /** The built-in ones, by name. */
  tools: ReadonlyMap<string, Tool>;
  toolOf(declaration: ToolDeclaration): Tool;
  forge: Forge;
  /** This host, as grants name it and as it proves itself. */
  host: { name: string; thumbprint: string };
  /** Absent where programs cannot ask people. */
  asker?: Asker;
  /** Absent where there is no credential broker. */
  credentials?: HeldCredentials;
  /** Milliseconds since the epoch. @default Date.now */
  now?(): number;
  /** Internal causes of what is told the model in public words. */
  log?(message: string, cause: unknown): void;
}

export interface ExecuteRequest {
  grant: string;
  /** This host's pass to the run's artifacts. */
  pass?: string;
  calls: readonly CanonicalCall[];
  audience: GrantAudience;
  /** Thumbprint that the runner proved over the channel; absent for this host itself. */
  presenter?: string;
  /** Absent over the channel, where the grant alone names the run. */
  runId?: string;
}

/** Executes granted calls in order. Everything that can execute a tool goes through here. */
export interface Executor {
  /**
   * @throws GatehouseError `grant-…`, `content-changed`, `snapshot-unavailable`, `workspace-missing`,
   * `sandbox-unavailable`: nothing of the calls without an outcome ran
   */
  execute(request: ExecuteRequest, signal: AbortSignal): Promise<ExecuteResult>;
  /**
   * What became of a granted call on a host that is lost, by its tool's probe. The grant is used up: nothing starts here,
   * now or later.
   *
   * @throws GatehouseError as {@link execute}
   */
  probe(request: ExecuteRequest, signal: AbortSignal): Promise<ProbeResult>;
  /** As {@link execute}, without the state of the workspace, which reads cannot change. */
  read(request: ExecuteRequest, signal: AbortSignal): Promise<CallOutcome[]>;
}

/** Reads change nothing, so that they need not wait for each other; effects keep their order. */
const READS_AT_ONCE = 4;

export function createExecutor(dependencies: ExecutorDependencies): Executor {
  const { sandbox, workspaces, openArtifacts, journal, tools, host } = dependencies;
  const now = dependencies.now ?? Date.now;
  const readSnapshot = createSnapshotReader();
  /** Connections refused to a call that is running, by its run and id. */
  const refused = new Map<string, RefusedHost[]>();
  const runner = createToolRunner({
    ...dependencies,
    onRefusedHost(runId, refusedHost) {
      const key = `${runId} ${refusedHost.callId}`;
      refused.set(key, [...(refused.get(key) ?? []), refusedHost].slice(0, MAX_REFUSED_OF_CALL));
    },
  });
  const turnstile = createTurnstile();

  async function prepared(request: ExecuteRequest, signal: AbortSignal): Promise<PreparedCall[]> {
    const presenter = request.presenter ?? host.thumbprint;
    const opened = dependencies.verifier.open(request.grant, {
      audience: request.audience,
      presenter,
      now: now(),
    });
    const { claims } = opened;
    if (request.runId !== undefined && claims.sub !== request.runId)
      throw refusal('wrong-run', 'is for another run');
    if (claims.host !== host.name) throw refusal('wrong-presenter', `is for the host \`${claims.host}\``);
    if (request.calls.length === 0) throw refusal('wrong-call', 'comes with no call');
    const granted = request.calls.map((call) => grantedCall(claims, call));
    if (request.audience === 'channel' && granted.some(({ effect }) => effect !== 'read'))
      throw refusal('wrong-audience', 'holds a call with an effect, and the channel only reads');
    const artifacts = openArtifacts({ runId: claims.sub, pass: request.pass, signal });
    const snapshot = await readSnapshot(claims.snapshot, artifacts);
    if (snapshot.organizationId !== claims.organization)
      throw refusal('invalid', 'names a snapshot of another organization');
    return request.calls.map((call, index) => {
      const declaration = snapshot.tools.find(({ name }) => name === call.tool);
      const tool = tools.get(call.tool) ?? (declaration && dependencies.toolOf(declaration));
      if (!tool?.run) throw refusal('wrong-call', `names the tool \`${call.tool}\`, which does not run here`);
      return {
        ...{ claims, call, tool, granted: granted[index] as GrantedCall, settings: snapshot.settings },
        ...{ grant: request.grant, pass: request.pass, artifacts },
      };
    });
  }

  /** One call, or what is already known of it. */
  async function executeOne(prepared: PreparedCall, signal: AbortSignal): Promise<JournalRecord> {
    const { claims, call, tool, granted } = prepared;
    const known = journal.look(claims, call.id);
    if (known.kind === 'recorded') return known.record;
    // Before anything starts: what shows a secret could not be masked otherwise.
    prepared.credentials = await dependencies.credentials?.open(claims.sub, prepared.grant, signal);
    const mayRepeat = tool.idempotent || granted.effect === 'read';
    if (known.kind === 'interrupted' && !mayRepeat) return settleInterrupted(prepared, signal);
    return startOne(prepared, signal);
  }

  async function startOne(prepared: PreparedCall, signal: AbortSignal): Promise<JournalRecord> {
    const { claims, call, granted } = prepared;
    const isDurable = granted.effect !== 'read';
    const writes = isWriting(granted.effect) && prepared.tool.needsWorkspace !== false;
    await sandbox.check();
    if (prepared.tool.needsWorkspace !== false) await workspaces.path(claims.sub);
    // What was approved is compared with the files themselves.
    if (isBound(granted)) requireBound(granted, await workspaces.state(claims.sub, signal, prepared.pass));
    signal.throwIfAborted();
    if (claims.exp * 1000 <= now()) throw expired();
    journal.begin(claims, call.id, isDurable);
    if (writes) workspaces.willWrite(claims.sub);
    const outcome = await runner.run(prepared, signal);
    // Whether it finished before it was stopped nobody knows: it stays started, and is settled when it comes again.
    signal.throwIfAborted();
    const key = `${claims.sub} ${call.id}`;
    const refusedHosts = refused.get(key) ?? [];
    refused.delete(key);
    const record = { outcome, refusedHosts };
    journal.finish(claims, call.id, record, isDurable);
    return record;
  }

  async function settleInterrupted(prepared: PreparedCall, signal: AbortSignal): Promise<JournalRecord> {
    const { claims, call } = prepared;
    await sandbox.check();
    const reconciled = await runner.reconcile(prepared, signal);
    signal.throwIfAborted();
    if (reconciled.kind === 'not-started') return startOne(prepared, signal);
    const record = { outcome: reconciled.outcome, refusedHosts: [] };
    journal.finish(claims, call.id, record);
    return record;
  }

  async function probeOne(prepared: PreparedCall, signal: AbortSignal): Promise<ReconciledCall> {
    const { claims, call, tool } = prepared;
    const known = journal.look(claims, call.id);
    if (known.kind === 'recorded') return { kind: 'settled', outcome: known.record.outcome };
    if (!tool.reconcile) return { kind: 'settled', outcome: unknownOutcome(call.id) };
    prepared.credentials = await dependencies.credentials?.open(claims.sub, prepared.grant, signal);
    await sandbox.check();
    if (claims.exp * 1000 <= now()) throw expired();
    journal.begin(claims, call.id);
    const found = await runner.reconcile(prepared, signal);
    signal.throwIfAborted();
    const outcome = found.kind === 'settled' ? found.outcome : unknownOutcome(call.id);
    journal.finish(claims, call.id, { outcome, refusedHosts: [] });
    return found;
  }

  async function all(request: ExecuteRequest, signal: AbortSignal): Promise<JournalRecord[]> {
    const calls = await prepared(request, signal);
    const areReads = calls.every(({ granted }) => granted.effect === 'read');
    const atOnce = areReads ? READS_AT_ONCE : 1;
    const records: JournalRecord[] = [];
    for (let start = 0; start < calls.length; start += atOnce) {
      const batch = calls.slice(start, start + atOnce);
      records.push(...(await Promise.all(batch.map((call) => executeOne(call, signal)))));
    }
    return records;
  }

  return {
    async execute(request, signal) {
      const runId = request.runId;
      if (runId === undefined) throw new TypeError('an execution names its run');
      // One at a time for each run: an attempt that Temporal gave up may still be ending when the next one comes.
      return turnstile(runId, async () => {
        const records = await all(request, signal);
        // After a restart, where all was recorded before, nobody asked yet; without it nothing of the workspace is kept.
        await dependencies.credentials
          ?.open(runId, request.grant, signal)
          .catch((cause) => dependencies.log?.(`the workspace of run ${runId} is not kept`, cause));
        const state = await workspaces.knownState(runId, signal, request.pass);
        return {
          outcomes: records.map(({ outcome }) => outcome),
          workspace: { host: host.name, keyThumbprint: host.thumbprint, ...state },
          refusedHosts: records.flatMap((record) => record.refusedHosts),
        };
      });
    },

    async probe(request, signal) {
      const runId = request.runId;
      if (runId === undefined) throw new TypeError('a probe names its run');
      return turnstile(runId, async () => {
        const [call, ...more] = await prepared(request, signal);
        if (!call || more.length > 0) throw refusal('wrong-call', 'is probed for one call');
        const found = await probeOne(call, signal);
        if (found.kind === 'not-started') return found;
        const { outcome } = found;
        if (outcome.kind === 'unknown') return { kind: 'unknown' };
        const state = await workspaces.knownState(runId, signal, request.pass);
        const workspace = { host: host.name, keyThumbprint: host.thumbprint, ...state };
        return { kind: 'finished', outcome, workspace };
      });
    },

    async read(request, signal) {
      return (await all(request, signal)).map(({ outcome }) => outcome);
    },
  };
}

function grantedCall(claims: GrantClaims, call: CanonicalCall): GrantedCall {
  const granted = claims.calls.find(({ id }) => id === call.id);
  if (!granted || granted.tool !== call.tool || granted.argsHash !== sha256(call.args))
    throw refusal('wrong-call', `is not for call \`${call.id}\` as it came`);
  return granted;
}

function isBound({ tree, head }: GrantedCall): boolean {
  return tree !== undefined || head !== undefined;
}

function requireBound(granted: GrantedCall, state: { tree: string; head: string }): void {
  const hasChanged =
    (granted.tree !== undefined && granted.tree !== state.tree) ||
    (granted.head !== undefined && granted.head !== state.head);
  if (hasChanged)
    throw new GatehouseError(
      'content-changed',
      'the workspace is no longer what was approved; the call is gated again',
    );
}
