import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { createLocalArtifactStore } from '../../src/artifacts/local-artifact-store';
import { createCommands, openStores } from '../../src/commands/commands';
import { openWorkflowClient } from '../../src/commands/workflow-client';
import { createConsole } from '../../src/console/console';
import type { ConsoleDependencies } from '../../src/console/dependencies';
import { BASE } from '../../src/console/paths';
import type { Scope } from '../../src/domain/scopes';
import { makeApiKey } from '../../src/identity/api-keys';
import { createAuthenticate } from '../../src/identity/authenticate';
import { createSessions } from '../../src/identity/sessions';
import { openDatabase } from '../../src/store/database';
import { openLiveEvents } from '../../src/store/live-events';
import { LOCAL_ORGANIZATION } from '../../src/store/organization-store';
import { createOwnArtifacts } from '../../src/store/own-artifacts';
import { createSessionStore } from '../../src/store/session-store';

export interface ConsoleServerOptions {
  databaseUrl: string;
  temporalAddress: string;
  namespace: string;
  /** The data folder: its `artifacts` are read. */
  folder: string;
  /** @default none */
  privateWebhooks?: string[];
  changes?: Partial<ConsoleDependencies>;
}

export interface ConsoleServer {
  /** `http://127.0.0.1:PORT` */
  origin: string;
  /** Of the inbox. */
  url: string;
  /** Makes an API key of a person. */
  keyOf(person: string, scopes?: Scope[]): Promise<string>;
  /** What pages failed with. */
  warnings: string[];
  close(): Promise<void>;
}

/** The console on a loopback port, over a real stack, as the API process serves it. */
export async function serveConsole(options: ConsoleServerOptions): Promise<ConsoleServer> {
  const { databaseUrl, temporalAddress, namespace, folder } = options;
  const database = openDatabase(databaseUrl, { poolSize: 4 });
  const temporal = await openWorkflowClient({ address: temporalAddress, namespace });
  const stores = openStores(database, options.privateWebhooks);
  const { apiKeys, persons } = stores;
  const live = openLiveEvents({
    databaseUrl,
    events: stores.events,
    warn: (message, cause) => warnings.push(`${message}: ${cause}`),
  });
  const warnings: string[] = [];
  const artifacts = createLocalArtifactStore({ folder: join(folder, 'artifacts') });
  const own = createOwnArtifacts(database);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const app = createConsole({
    origin,
    authenticate: createAuthenticate({
      apiKeys,
      people: persons,
      organizations: stores.organizations,
      oidc: null,
    }),
    sessions: createSessions(createSessionStore(database)),
    commandsFor: ({ organizationId }) =>
      createCommands({ ...stores, organizationId, temporal, signer: null }),
    live,
    artifacts,
    artifactsOf: (runId) => own.of(runId, artifacts),
    temporalUi: { url: 'http://127.0.0.1:8233/', namespace },
    oidcLogin: null,
    warn: (message, cause) => warnings.push(`${message}: ${cause instanceof Error ? cause.stack : cause}`),
    ...options.changes,
  });
  server.on('request', getRequestListener(app.fetch));

  return {
    origin,
    url: `${origin}${BASE}`,
    warnings,

    async keyOf(person, scopes = ['admin']) {
      const { key, hash } = makeApiKey();
      const roles = ['admin', 'operator', 'approver'];
      const made = { name: person, person, roles, scopes, expiresAt: null };
      await apiKeys.create(LOCAL_ORGANIZATION, made, hash, 'the tests');
      return key;
    },

    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await live.close();
      await temporal.close();
      await database.close();
    },
  };
}
