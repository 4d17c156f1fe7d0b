import type { Api } from '../../src/api/environment';

/** A schema of the OpenAPI document: JSON Schema. */
// biome-ignore lint/suspicious/noExplicitAny: any schema
export type JsonSchema = Record<string, any>;

export interface DescribedParameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required: boolean;
  schema: JsonSchema;
}

/** An operation as the OpenAPI document has it. */
export interface DescribedRoute {
  /** As `GET /v1/runs/{id}`. */
  title: string;
  method: string;
  path: string;
  scope: string;
  parameters: DescribedParameter[];
  body: JsonSchema | null;
  /** Schemas by status and media type; null for an answer without a body. */
  answers: Record<string, Record<string, JsonSchema> | null>;
}

export interface Description {
  routes: DescribedRoute[];
  components: Record<string, JsonSchema>;
}

/** The routes of the document that the API itself gives. */
export async function describedRoutes(api: Api): Promise<Description> {
  // biome-ignore lint/suspicious/noExplicitAny: the document is what is tested
  const document: any = await (await api.request('/openapi.json')).json();
  const routes = Object.entries<Record<string, JsonSchema>>(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(
      ([method, operation]): DescribedRoute => ({
        title: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase(),
        path,
        scope: operation['x-gatehouse-scope'],
        parameters: operation.parameters ?? [],
        body: operation.requestBody?.content['application/json'].schema ?? null,
        answers: Object.fromEntries(
          Object.entries<JsonSchema>(operation.responses).map(([status, { content }]) => [
            status,
            content
              ? Object.fromEntries(
                  Object.entries<JsonSchema>(content).map(([type, { schema }]) => [type, schema]),
                )
              : null,
          ]),
        ),
      }),
    ),
  );
  return { routes, components: document.components.schemas };
}
