import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { ArtifactStore } from '../artifacts/artifact-store';
import type { SigningKey } from '../broker/keys';
import type { Commands } from '../commands/commands';
import type { CommandDependencies } from '../commands/dependencies';
import type { Caller } from '../domain/caller';
import type { Authenticate } from '../identity/authenticate';
import type { Sessions } from '../identity/sessions';
import type { LiveEvents } from '../store/live-events';

/** What the API is built on. */
export interface ApiDependencies {
  authenticate: Authenticate;
  /** Of the console: they count for reading histories as well. */
  sessions: Pick<Sessions, 'callerOf'>;
  /** The commands of one caller's organization, in that caller's name. */
  commandsOf: (caller: Caller) => Commands;
  live: LiveEvents;
  artifacts: ArtifactStore;
  /** Throw when what they are about does not answer. */
  checks: Readonly<Record<string, () => Promise<void>>>;
  log: Logger;
  registry: Registry;
  /** Names by which this process may be asked for, beside those of loopback. */
  allowedHosts: readonly string[];
  /** Whether runs may name folders of this machine: for the stack of one person only. */
  allowsLocalRepositories: boolean;
  limits: ApiLimits;
  /** Ends event streams, so that the process can stop. */
  stopping: AbortSignal;
}

export interface ApiLimits {
  /** Requests a minute with one key, session or token. */
  requestsOfKey: number;
  /** Requests a minute from one address. */
  requestsOfAddress: number;
  /** Event streams at once. */
  streams: number;
  /** Longest silence of an event stream, in milliseconds. */
  heartbeatMs: number;
}

export const DEFAULT_LIMITS: ApiLimits = {
  requestsOfKey: 1_200,
  requestsOfAddress: 3_000,
  streams: 2_000,
  heartbeatMs: 15_000,
};

/** What makes commands for a caller, vouching for what they say with the API's own key. */
export interface VouchingDependencies {
  stores: Omit<CommandDependencies, 'organizationId' | 'temporal' | 'signer'>;
  temporal: CommandDependencies['temporal'];
  apiKey: SigningKey;
}
