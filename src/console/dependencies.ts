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
  artifacts: Pick<ArtifactStore, 'get' | 'put'>;
  /** The artifacts of one run, for what its hosts name. */
  artifactsOf(runId: string): Pick<ArtifactStore, 'get'>;
  /** Where operators see workflows; null for a server whose UI is not known. */
  temporalUi: { url: string; namespace: string } | null;
  /** Login through the identity provider; null where none is configured. */
  oidcLogin: OidcLogin | null;
  /** Hears of pages that failed. */
  warn(message: string, cause: unknown): void;
}
