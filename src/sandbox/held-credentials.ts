import { LRUCache } from 'lru-cache';
import type { CanonicalCall } from '../domain/call';
import type { CredentialScope, IssuedCredential } from '../domain/credential';
import { type Effect, effects } from '../domain/effect';
import { visibleText } from '../domain/visible-text';
import type { BrokerClient } from './broker-client';
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
  /** What programs of a call of this effect get. Of two that name the same variable, the newer counts. */
  surroundings(effect: Effect): Surroundings | undefined;
  /** The text without any secret of the run. */
  mask(text: string, isCut?: boolean): string;
  /** Sentences for the model about what it has to ask for again; each once. */
  takeNotes(): string[];
}

/** In the memory of this process alone: after a restart the broker is asked, once for each run. */
export interface HeldCredentials {
  /** @throws GatehouseError `broker-unavailable`: without knowing the secrets nothing can be kept from showing them */
  open(runId: string, grant: string, signal: AbortSignal): Promise<RunCredentials>;
  forget(runId: string): void;
}

/** Where files of credentials are seen inside a sandbox. */
const FOLDER = '/run/gatehouse/credentials';
/** Runs that are remembered; of others the broker is asked again. */
const MAX_RUNS = 1_000;

export function createHeldCredentials(broker: BrokerClient, now: () => number = Date.now): HeldCredentials {
  const runs = new LRUCache<string, Promise<RunCredentials>>({ max: MAX_RUNS });
  return {
    open(runId, grant, signal) {
      const known = runs.get(runId);
      if (known) return known;
      const opened = broker
        .redeem({ grant }, signal)
        .then(({ credentials, gone }) => createRunCredentials(broker, credentials, gone.map(goneNote), now));
      runs.set(runId, opened);
      opened.catch(() => runs.delete(runId));
      return opened;
    },
    forget: (runId) => void runs.delete(runId),
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
  return {
    async request(request, signal) {
      const issued = await broker.issue(request, signal);
      held.set(issued.handle, issued);
      secrets = maskOf(held);
      return issued;
    },
    issuedFor: (callId) => [...held.values()].find((each) => each.callId === callId) ?? null,
    surroundings(effect) {
      const given = [...held.values()].filter(
        ({ scope, expiresAt }) => isGiven(scope, effect) && expiresAt > now(),
      );
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
    // What has expired is masked all the same: not every provider ends it then.
    mask: (text, isCut) => secrets.mask(text, isCut),
    takeNotes: () => notes.splice(0),
  };
}

function maskOf(held: ReadonlyMap<string, IssuedCredential>) {
  return createSecretMask([...held.values()].flatMap(({ material }) => material.secrets));
}

/** Credentials for writing reach programs of approved calls only. */
function isGiven(scope: CredentialScope, effect: Effect): boolean {
  switch (scope) {
    case 'read':
      return effects.indexOf(effect) >= effects.indexOf('draft');
    case 'write':
      return effect === 'production';
    default:
      return scope satisfies never;
  }
}

function goneNote({ handle, account, role }: { handle: string; account: string; role: string }): string {
  return `(the credentials \`${handle}\` for \`${visibleText(account, 80)}\` as \`${visibleText(role, 80)}\` were lost in a restart and are revoked; ask for them again)`;
}
