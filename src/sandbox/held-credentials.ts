import { LRUCache } from 'lru-cache';
import type { CanonicalCall } from '../domain/call';
import { type IssuedCredential, mayUse } from '../domain/credential';
import type { Effect } from '../domain/effect';
import { visibleText } from '../domain/visible-text';
import type { BrokerClient } from './broker-client';
import type { CredentialRule } from './credential-rule';
import { createSecretFinder, type SecretFinder } from './secret-finder';
import { createSecretMask } from './secret-mask';

/** What a sandboxed process is given beside its environment: never in arguments, which others can read. */
export interface Surroundings {
  env: Record<string, string>;
  /** Its path inside, and what it holds. */
  file: { path: string; text: string } | null;
}

/** The credentials of one run, as far as this host knows them. */
export interface RunCredentials {
  request(request: { grant: string; call: CanonicalCall }, signal: AbortSignal): Promise<IssuedCredential>;
  /** What was issued for a call. */
  issuedFor(callId: string): IssuedCredential | null;
  /** What programs of a call get. Of two that name the same variable, the newer counts. */
  surroundings(call: RunningCall): Surroundings | undefined;
  /** What the proxy puts into requests of a call's programs, the newest first. */
  rules(call: RunningCall): CredentialRule[];
  /** What was issued for the calls of this grant alone is over. @throws GatehouseError `broker-unavailable` */
  release(request: { grant: string; callId: string }, signal: AbortSignal): Promise<void>;
  /** Looks for the secrets in what is to leave the workspace; null where there is none to be looked for. */
  finder(): SecretFinder | null;
  /** The text without any secret of the run. */
  mask(text: string, isCut?: boolean): string;
  /** Sentences for the model about what it has to ask for again; each once. */
  takeNotes(): string[];
}

/** A call by what its grant says of it. */
export interface RunningCall {
  id: string;
  effect: Effect;
}

/** In the memory of this process alone: after a restart the broker is asked, once for each run. */
export interface HeldCredentials {
  /** @throws GatehouseError `broker-unavailable`: without knowing the secrets nothing can be kept from showing them */
  open(runId: string, grant: string, signal: AbortSignal): Promise<RunCredentials>;
  /** Looks for the secrets of a run; null where it has none, undefined while nobody here knows what it has. */
  finderOf(runId: string): SecretFinder | null | undefined;
  forget(runId: string): void;
}

/** Where files of credentials are seen inside a sandbox. */
const FOLDER = '/run/gatehouse/credentials';
/** Runs that are remembered; of others the broker is asked again. */
const MAX_RUNS = 1_000;

export function createHeldCredentials(broker: BrokerClient, now: () => number = Date.now): HeldCredentials {
  const runs = new LRUCache<string, Promise<RunCredentials>>({ max: MAX_RUNS });
  const known = new LRUCache<string, RunCredentials>({ max: MAX_RUNS });
  return {
    open(runId, grant, signal) {
      const opening = runs.get(runId);
      if (opening) return opening;
      const opened = broker.redeem({ grant }, signal).then(({ credentials, gone }) => {
        const run = createRunCredentials(broker, credentials, gone.map(goneNote), now);
        known.set(runId, run);
        return run;
      });
      runs.set(runId, opened);
      opened.catch(() => runs.delete(runId));
      return opened;
    },
    finderOf: (runId) => known.get(runId)?.finder(),
    forget(runId) {
      runs.delete(runId);
      known.delete(runId);
    },
  };
}

function createRunCredentials(
  broker: BrokerClient,
  redeemed: readonly IssuedCredential[],
  notes: string[],
  now: () => number,
): RunCredentials {
  const held = new Map(redeemed.map((each) => [each.handle, each]));
  let secrets = maskOf(held);
  let finder = finderFor(held);
  const over = new Set<string>();
  const isLive = ({ handle, expiresAt }: IssuedCredential) => expiresAt > now() && !over.has(handle);
  const givenTo = ({ id, effect }: RunningCall) =>
    [...held.values()].filter(
      (each) => isLive(each) && mayUse(effect, each.scope) && (!each.isForCall || each.callId === id),
    );
  return {
    async request(request, signal) {
      const issued = await broker.issue(request, signal);
      held.set(issued.handle, issued);
      secrets = maskOf(held);
      finder = finderFor(held);
      return issued;
    },
    issuedFor: (callId) => [...held.values()].find((each) => each.callId === callId) ?? null,
    surroundings(call) {
      const given = givenTo(call).filter(({ material }) => !material.header);
      if (given.length === 0) return undefined;
      // One at most: only a kubeconfig is a file, and of two the newer counts.
      const file = given
        .flatMap(({ handle, material }) =>
          Object.entries(material.files).map(([variable, { name, text }]) => ({
            ...{ variable, text, path: `${FOLDER}/${handle}/${name}` },
          })),
        )
        .at(-1);
      return {
        env: {
          ...Object.assign({}, ...given.map(({ material }) => material.env)),
          ...(file && { [file.variable]: file.path }),
        },
        file: file ? { path: file.path, text: file.text } : null,
      };
    },
    rules: (call) =>
      givenTo(call)
        .reverse()
        .flatMap((each) => {
          const { header } = each.material;
          if (!header) return [];
          const { host, name, template, secret, certificateAuthority } = header;
          const source = async () => {
            if (!isLive(each)) throw new Error(`the credential ${each.handle} is over`);
            return secret;
          };
          return [{ host, header: name, template, source, upstreamCa: certificateAuthority }];
        }),
    async release({ grant, callId }, signal) {
      // Here at once, whatever the broker says.
      for (const each of held.values()) if (each.isForCall && each.callId === callId) over.add(each.handle);
      await broker.release({ grant }, signal);
    },
    finder: () => finder,
    // What has expired is masked all the same: not every provider ends it then.
    mask: (text, isCut) => secrets.mask(text, isCut),
    takeNotes: () => notes.splice(0),
  };
}

function maskOf(held: ReadonlyMap<string, IssuedCredential>) {
  return createSecretMask([...held.values()].flatMap(({ material }) => material.secrets));
}

function finderFor(held: ReadonlyMap<string, IssuedCredential>): SecretFinder | null {
  return createSecretFinder([...held.values()].flatMap(({ material }) => material.secrets));
}

function goneNote({ handle, account, role }: { handle: string; account: string; role: string }): string {
  return `(the credentials \`${handle}\` for \`${visibleText(account, 80)}\` as \`${visibleText(role, 80)}\` were lost in a restart and are revoked; ask for them again)`;
}
