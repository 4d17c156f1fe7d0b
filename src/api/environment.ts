import type { HttpBindings } from '@hono/node-server';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Logger } from 'pino';
import type { Commands } from '../commands/commands';
import type { Caller } from '../domain/caller';

/** What a request carries on its way through the API. */
export interface ApiEnvironment {
  /** Absent where a test asks the app itself. */
  Bindings: Partial<HttpBindings>;
  Variables: {
    requestId: string;
    log: Logger;
    /** Of routes with a scope only. */
    caller: Caller;
    /** For the caller's organization, and no other. */
    commands: Commands;
  };
}

export type Api = OpenAPIHono<ApiEnvironment>;
