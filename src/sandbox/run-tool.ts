import type { ArtifactStore } from '../artifacts/artifact-store';
import type { CallOutcome, CanonicalCall } from '../domain/call';
import { type JsonValue, parseStrictJson } from '../domain/canonical-json';
import type { IssuedCredential } from '../domain/credential';
import { egressRefusals, MAX_HOST_LENGTH, MAX_REFUSED_OF_CALL, type RefusedHost } from '../domain/egress';
import { GatehouseError, publicMessage } from '../domain/errors';
import type { GrantClaims, GrantedCall } from '../domain/grant';
import type { PolicySnapshotContent } from '../domain/policy';
import { branchOf } from '../domain/run';
import { NO_BROKER } from '../tools/credentials';
import type { Forge } from '../tools/forge';
import type { Tool, ToolContext, ToolOutput } from '../tools/tool';
import type { Asker } from './asker';
import type { RunCredentials } from './held-credentials';
import { createKeptSockets, type KeptSockets } from './kept-sockets';
import type { Confinement, OsSandbox } from './os-sandbox';
import { limited } from './output-limit';
import { INSIDE, isWriting } from './profile';
import { openQuestionSocket, type QuestionSocket, type QuestionSocketOptions } from './question-socket';
import type { Workspaces } from './workspace';

/** A call whose grant was verified, with its tool. */
export interface PreparedCall {
  claims: GrantClaims;
  call: CanonicalCall;
  granted: GrantedCall;
  tool: Tool;
  settings: PolicySnapshotContent['settings'];
  /** The token itself, which the broker wants to see. */
  grant: string;
  /** This host's, to the run's artifacts, and those. */
  pass: string | undefined;
  artifacts: ArtifactStore;
  /** What the run holds, once it is known. */
  credentials?: RunCredentials;
}

interface ToolRunnerDependencies {
  sandbox: OsSandbox;
  workspaces: Workspaces;
  forge: Forge;
  asker?: Asker;
  log?(message: string, cause: unknown): void;
  onRefusedHost?(runId: string, refused: RefusedHost): void;
}

export type ReconciledCall = { kind: 'settled'; outcome: CallOutcome } | { kind: 'not-started' };

interface ToolRunner {
  run(prepared: PreparedCall, signal: AbortSignal): Promise<CallOutcome>;
  /** What became of a call that started and did not report its end. */
  reconcile(prepared: PreparedCall, signal: AbortSignal): Promise<ReconciledCall>;
}

/** Runs tools in the profile of their call's effect, and turns what they say or throw into outcomes. */
export function createToolRunner(dependencies: ToolRunnerDependencies): ToolRunner {
  const { log = () => {} } = dependencies;
  const sockets = createKeptSockets();

  async function outcomeOf(
    { call: { id: callId }, credentials, artifacts }: PreparedCall,
    output: ToolOutput,
    notes: readonly string[],
  ): Promise<CallOutcome> {
    const { ok, exitCode } = output;
    const said = [output.text, ...notes, ...(credentials?.takeNotes() ?? [])].join('\n');
    const { text, artifact } = await limited(credentials?.mask(said) ?? said, artifacts);
    return {
      kind: ok ? 'done' : 'failed',
      callId,
      text,
      ...(exitCode === undefined ? {} : { exitCode }),
      ...(artifact === undefined ? {} : { artifact }),
    };
  }

  return {
    async run(prepared, signal) {
      const { call, tool } = prepared;
      const refused = new Map<string, RefusedHost>();
      let output: ToolOutput | undefined;
      let questions: QuestionSocket | null = null;
      let issued: IssuedCredential | null = null;
      try {
        issued = await credentialFor(prepared, signal);
        questions = await questionsOf(dependencies, prepared, sockets);
        const context = await contextOf(dependencies, prepared, signal, refused, questions);
        output = await tool.run?.(argumentsOf(prepared), context);
        if (!output) throw new TypeError(`the tool ${tool.name} does not run`);
      } catch (error) {
        log(`call ${call.id} of run ${prepared.claims.sub} failed`, error);
        const text = publicMessage(error);
        return { kind: 'failed', callId: call.id, text: prepared.credentials?.mask(text) ?? text };
      } finally {
        questions?.close();
        if (issued) await release(prepared, log);
      }
      // Outside: a store that is away does not make a failure of what was done.
      return outcomeOf(prepared, output, [...credentialNotes(issued), ...networkNotes(refused)]);
    },

    async reconcile(prepared, signal) {
      const { call, tool } = prepared;
      try {
        const context = await contextOf(dependencies, prepared, signal, new Map());
        const found = await tool.reconcile?.(argumentsOf(prepared), context);
        if (found?.kind === 'not-started') return found;
        if (found?.kind === 'finished')
          return { kind: 'settled', outcome: await outcomeOf(prepared, found.output, []) };
      } catch (error) {
        log(`call ${call.id} of run ${prepared.claims.sub} could not be reconciled`, error);
      }
      return { kind: 'settled', outcome: unknownOutcome(call.id) };
    },
  };
}

export function unknownOutcome(callId: string): CallOutcome {
  return {
    kind: 'unknown',
    callId,
    text: 'it started and was broken off, and nobody knows whether it finished; look before you repeat it',
  };
}

async function contextOf(
  { sandbox, workspaces, forge, onRefusedHost }: ToolRunnerDependencies,
  { claims, call, granted, tool, settings, grant, credentials }: PreparedCall,
  signal: AbortSignal,
  refused: Map<string, RefusedHost>,
  questions: QuestionSocket | null = null,
): Promise<ToolContext> {
  const runId = claims.sub;
  const confinement: Confinement = {
    effect: granted.effect,
    workspace: tool.needsWorkspace === false ? null : await workspaces.path(runId),
    forge: workspaces.forgePath(runId),
    network: settings.network,
    credentials: credentials?.rules(granted),
    questions,
    surroundings: credentials?.surroundings(granted),
    onRefusedHost({ host: spelled, port: named, reason }) {
      // As the program named it, in the bounds of what control takes.
      const host = (credentials?.mask(spelled) ?? spelled).slice(0, MAX_HOST_LENGTH);
      const port = named <= 65_535 ? named : 0;
      // Told once each, and not without end: the program chooses how often it tries, and what.
      const key = `${host}:${port}`;
      if (refused.has(key) || refused.size >= MAX_REFUSED_OF_CALL) return;
      const told = { callId: call.id, host, port, reason };
      refused.set(key, told);
      onRefusedHost?.(runId, told);
    },
  };
  return {
    runId,
    callId: call.id,
    branch: branchOf(runId),
    settings,
    async exec(command) {
      const result = await sandbox.run(command, confinement, signal);
      if (!credentials) return result;
      const { stdout, stderr, truncated } = result;
      return {
        ...result,
        stdout: credentials.mask(stdout, truncated),
        stderr: credentials.mask(stderr, truncated),
      };
    },
    workspacePath: INSIDE.workspace,
    forge,
    credentials: credentials && {
      request: () => credentials.request({ grant, call }, signal),
      held: async () => credentials.issuedFor(call.id),
    },
    credentialsIn: (leaving) => workspaces.credentialsIn(runId, leaving, signal),
    signal,
  };
}

/** What the tool declares that its calls need, asked for under the call's own grant; again it is the same one. */
async function credentialFor(
  { tool, call, grant, credentials }: PreparedCall,
  signal: AbortSignal,
): Promise<IssuedCredential | null> {
  if (!tool.credential) return null;
  if (!credentials)
    throw new GatehouseError('credential-no-broker', `${NO_BROKER}, and \`${tool.name}\` needs some`);
  return credentials.issuedFor(call.id) ?? credentials.request({ grant, call }, signal);
}

/** Also when the call was stopped: what is not over now is with the run. */
async function release(
  { call, grant, credentials }: PreparedCall,
  log: (message: string, cause: unknown) => void,
): Promise<void> {
  await credentials
    ?.release({ grant, callId: call.id }, AbortSignal.timeout(RELEASE_MS))
    .catch((cause) => log(`the credentials of call ${call.id} end with the run`, cause));
}

const RELEASE_MS = 15_000;

/** INVARIANT: names and times only. */
function credentialNotes(issued: IssuedCredential | null): string[] {
  if (!issued) return [];
  const { handle, provider, account, role, scope, expiresAt } = issued;
  return [
    `(it had the credentials \`${handle}\` of ${provider} for itself: account \`${account}\`, role \`${role}\`, scope \`${scope}\`, until ${new Date(expiresAt).toISOString()} at the latest; they ended with it)`,
  ];
}

/** The socket of this call alone, where its programs may ask. */
async function questionsOf(
  { asker, log }: ToolRunnerDependencies,
  { claims, call, granted, tool, credentials }: PreparedCall,
  sockets: KeptSockets,
): Promise<QuestionSocket | null> {
  if (!asker || tool.mayAsk !== true || !isWriting(granted.effect)) return null;
  const asking: QuestionSocketOptions = {
    ask({ question, options, ...asked }, signal) {
      const mask = (text: string) => credentials?.mask(text) ?? text;
      const shown = { question: mask(question), options: options.map(mask) };
      return asker.ask({ grant: claims, callId: call.id, ...asked, ...shown }, signal);
    },
    log,
  };
  return openQuestionSocket(claims.sub, asking, sockets);
}

/** Parsed from the very bytes whose hash the grant holds. */
function argumentsOf({ call, tool }: PreparedCall): unknown {
  const value: JsonValue = parseStrictJson(call.args);
  return tool.parameters.parse(value);
}

function networkNotes(refused: Map<string, RefusedHost>): string[] {
  return [...refused.values()]
    .map(
      ({ host, port, reason }) =>
        `(the network refused \`${host}:${port}\`: ${egressRefusals[reason ?? 'host']})`,
    )
    .sort();
}
