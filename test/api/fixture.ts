import { join } from 'node:path';
import pino from 'pino';
import { createApi } from '../../src/api/create-api';
import type { ApiLimits } from '../../src/api/dependencies';
import type { Api } from '../../src/api/environment';
import { type OpenedApi, openApi } from '../../src/api/open-api';
import { type Listening, listen } from '../../src/api/serve';
import { apiConfig } from '../../src/config';
import type { Scope } from '../../src/domain/scopes';
import { makeApiKey } from '../../src/identity/api-keys';
import { createApiKeyStore } from '../../src/store/api-key-store';
import { LOCAL_ORGANIZATION } from '../../src/store/organization-store';
import type { Harness } from '../support/run-harness';

const ADMIN: Scope[] = ['admin'];

export interface Asked {
  method?: string;
  key?: string | null;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface ApiFixture {
  api: Api;
  opened: OpenedApi;
  /** An admin's of the local organization. */
  key: string;
  /** Makes a key. */
  keyOf(given?: {
    organization?: string;
    person?: string;
    scopes?: Scope[];
    roles?: string[];
    expiresAt?: number | null;
  }): Promise<string>;
  /** Asks the app itself, with the admin's key unless another or none is given. */
  ask(path: string, asked?: Asked): Promise<Response>;
  /** As `ask`, for the JSON of an answer of this status. */
  // biome-ignore lint/suspicious/noExplicitAny: a test says by its expectations what it is
  json(path: string, status: number, asked?: Asked): Promise<any>;
  /** Serves it on a free port; closed with the fixture. */
  serve(): Promise<Listening>;
  close(): Promise<void>;
}

/** The API over a harness's database and Temporal, built as its process builds it. */
export async function openApiFixture(
  harness: Harness,
  { limits, environment = {} }: { limits?: Partial<ApiLimits>; environment?: Record<string, string> } = {},
): Promise<ApiFixture> {
  const keys = join(harness.folder, 'keys');
  const opened = await openApi(
    apiConfig({
      TEMPORAL_ADDRESS: harness.temporalAddress,
      TEMPORAL_NAMESPACE: harness.namespace,
      DATABASE_URL: harness.databaseUrl,
      GATEHOUSE_ARTIFACTS: join(harness.folder, 'artifacts'),
      GATEHOUSE_API_KEY: join(keys, 'api.jwk'),
      GATEHOUSE_LOCAL_REPOSITORIES: 'on',
      ...environment,
    }),
    pino({ level: 'silent' }),
    { requestsOfKey: 1_000_000, requestsOfAddress: 1_000_000, ...limits },
  );
  const api = createApi(opened.dependencies);
  const store = createApiKeyStore(harness.database);
  const servers: Listening[] = [];

  const keyOf: ApiFixture['keyOf'] = async ({
    organization = LOCAL_ORGANIZATION,
    person = 'ada',
    scopes = ADMIN,
    roles = ['admin'],
    expiresAt = null,
  } = {}) => {
    const { key, hash } = makeApiKey();
    await store.create(organization, { name: person, person, roles, scopes, expiresAt }, hash, 'test');
    return key;
  };
  const key = await keyOf();

  const ask: ApiFixture['ask'] = async (path, asked = {}) => {
    const { method = asked.body === undefined ? 'GET' : 'POST', body, headers } = asked;
    const bearer = asked.key === undefined ? key : asked.key;
    return api.request(path, {
      method,
      headers: {
        ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  };

  return {
    api,
    opened,
    key,
    keyOf,
    ask,
    async json(path, status, asked) {
      const answer = await ask(path, asked);
      const text = await answer.text();
      if (answer.status !== status)
        throw new Error(`${path}: ${answer.status} instead of ${status}: ${text}`);
      return JSON.parse(text);
    },
    async serve() {
      const listening = await listen({ fetch: api.fetch, host: '127.0.0.1', port: 0 });
      servers.push(listening);
      return listening;
    },
    async close() {
      opened.stop();
      await Promise.all(servers.map((server) => server.close()));
      await opened.close();
    },
  };
}
