import { setMaxListeners } from 'node:events';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { openArtifactStore } from '../artifacts/open-artifact-store';
import { loadKey } from '../broker/keys';
import { openStores } from '../commands/commands';
import { openWorkflowClient } from '../commands/workflow-client';
import type { ApiConfig } from '../config';
import { createConsole } from '../console/console';
import { createOidcLogin, type OidcLogin } from '../console/oidc-login';
import { createAuthenticate } from '../identity/authenticate';
import { createOidc, type Oidc } from '../identity/oidc';
import { createSessions } from '../identity/sessions';
import { openDatabase } from '../store/database';
import { openLiveEvents } from '../store/live-events';
import { createOwnArtifacts } from '../store/own-artifacts';
import { createSessionStore } from '../store/session-store';
import type { Pages } from './create-api';
import { type ApiDependencies, type ApiLimits, DEFAULT_LIMITS } from './dependencies';
import { createCommandsOf } from './vouching-commands';

export interface OpenedApi {
  dependencies: ApiDependencies;
  /** The console, over the same. @param origin where people reach it */
  consoleAt(origin: string): Pages;
  /** Ends event streams; what runs otherwise runs to its end. */
  stop(): void;
  /** After the last answer. */
  close(): Promise<void>;
}

/**
 * Opens what the API is built on.
 *
 * @throws GatehouseError `database-unreachable`, `temporal-unreachable`, `key-unreadable`, `key-exposed`
 */
export async function openApi(
  config: ApiConfig,
  log: Logger,
  limits: Partial<ApiLimits> = {},
): Promise<OpenedApi> {
  const apiKey = loadKey(config.GATEHOUSE_API_KEY);
  const database = openDatabase(config.DATABASE_URL);
  const stopping = new AbortController();
  // Each event stream listens to it.
  setMaxListeners(0, stopping.signal);
  try {
    await database.ready();
    const temporal = await openWorkflowClient({
      address: config.TEMPORAL_ADDRESS,
      namespace: config.TEMPORAL_NAMESPACE,
      payloadKeys: config.GATEHOUSE_PAYLOAD_KEYS,
    });
    const stores = openStores(database, config.GATEHOUSE_PRIVATE_WEBHOOKS);
    const live = openLiveEvents({
      databaseUrl: config.DATABASE_URL,
      events: stores.events,
      warn: (message, cause) => log.warn({ err: cause }, message),
    });
    const oidc = oidcOf(config);
    const shared = {
      authenticate: createAuthenticate({
        apiKeys: stores.apiKeys,
        people: stores.persons,
        organizations: stores.organizations,
        oidc,
      }),
      sessions: createSessions(createSessionStore(database)),
      live,
      artifacts: openArtifactStore(config),
    };
    const own = createOwnArtifacts(database);
    const commandsOf = createCommandsOf({ stores, temporal, apiKey });
    return {
      consoleAt: (origin) =>
        createConsole({
          ...shared,
          origin,
          artifactsOf: (runId) => own.of(runId, shared.artifacts),
          commandsFor: commandsOf,
          temporalUi: temporalUiOf(config),
          oidcLogin: oidcLoginOf(config, origin, oidc),
          warn: (message, cause) => log.error({ err: cause }, message),
        }),
      dependencies: {
        ...shared,
        commandsOf,
        checks: {
          database: () => database.ready(),
          temporal: () =>
            temporal.within(async () => void (await temporal.client.connection.ensureConnected())),
        },
        log,
        registry: new Registry(),
        allowedHosts: [...config.GATEHOUSE_ALLOWED_HOSTS, ...hostsOf(config.GATEHOUSE_PUBLIC_URL)],
        allowsLocalRepositories: config.GATEHOUSE_LOCAL_REPOSITORIES === 'on',
        limits: { ...DEFAULT_LIMITS, ...limits },
        stopping: stopping.signal,
      },
      stop: () => stopping.abort(),
      async close() {
        stopping.abort();
        await live.close();
        await temporal.close();
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

function hostsOf(publicUrl: string | undefined): string[] {
  return publicUrl === undefined ? [] : [new URL(publicUrl).hostname];
}

function temporalUiOf(config: ApiConfig): { url: string; namespace: string } | null {
  const url = config.GATEHOUSE_TEMPORAL_UI;
  return url === undefined ? null : { url, namespace: config.TEMPORAL_NAMESPACE };
}

/** Login through the provider needs a client of its own there. */
function oidcLoginOf(config: ApiConfig, origin: string, oidc: Oidc | null): OidcLogin | null {
  const { GATEHOUSE_OIDC_CLIENT_ID: clientId, GATEHOUSE_OIDC_CLIENT_SECRET: clientSecret = null } = config;
  return oidc && clientId !== undefined ? createOidcLogin({ origin, oidc, clientId, clientSecret }) : null;
}

function oidcOf(config: ApiConfig): Oidc | null {
  const { GATEHOUSE_OIDC_ISSUER: issuer, GATEHOUSE_OIDC_AUDIENCE: audience } = config;
  if (issuer === undefined || audience === undefined) return null;
  return createOidc({
    issuer,
    audience,
    organizationClaim: config.GATEHOUSE_OIDC_ORGANIZATION_CLAIM,
    rolesClaim: config.GATEHOUSE_OIDC_ROLES_CLAIM,
    personClaim: config.GATEHOUSE_OIDC_PERSON_CLAIM,
    algorithms: config.GATEHOUSE_OIDC_ALGORITHMS,
    clockToleranceS: config.GATEHOUSE_OIDC_CLOCK_TOLERANCE_S,
  });
}
