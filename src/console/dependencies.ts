import type { ArtifactStore } from '../artifacts/artifact-store';
import type { Commands } from '../commands/commands';
import type { Caller } from '../domain/caller';
import type { Authenticate } from '../identity/authenticate';
import type { Sessions } from '../identity/sessions';
import type { LiveEvents } from '../store/live-events';
import type { OidcLogin } from './oidc-login';

/** What the console works on; the API process gives it what the API itself uses. */
export interface ConsoleDependencies {
  /** Where people reach it, `https://gatehouse.example`: what cookies and the check of origins are made for. */
  origin: string;
  authenticate: Authenticate;
  sessions: Sessions;
  /** Commands in the name of a caller. */
  commandsFor(caller: Caller): Commands;
  live: Pick<LiveEvents, 'onOrganization' | 'onRun' | 'list'>;
  /** Pause and stop beyond one run; null where they are not to be had. */
  halts: ((caller: Caller) => Halts) | null;
  artifacts: Pick<ArtifactStore, 'get' | 'put'>;
  /** Where operators see workflows; null for a server whose UI is not known. */
  temporalUi: { url: string; namespace: string } | null;
  /** Login through the identity provider; null where none is configured. */
  oidcLogin: OidcLogin | null;
  /** Hears of pages that failed. */
  warn(message: string, cause: unknown): void;
}

export type HaltState = 'none' | 'paused' | 'stopped';

/** What the kill switch does. */
export interface Halts {
  /** How the organization and its agents stand; agents that run are left out. */
  state(): Promise<{ organization: HaltState; agents: { name: string; halt: HaltState }[] }>;
  /** @param agent the organization's own switch where absent */
  set(request: { agent?: string; halt: HaltState; by: string; reason: string }): Promise<void>;
  /** Break-glass that is in force or was lately. */
  breakGlass(): Promise<BreakGlassEntry[]>;
}

export interface BreakGlassEntry {
  id: string;
  /** In words: asked for, in force, ended. */
  status: string;
  by: string[];
  reason: string;
  /** Milliseconds since the epoch. */
  at: number;
  expiresAt: number;
}
