import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020';
import fc from 'fast-check';
import { type Harness, startHarness } from '../support/run-harness';
import { type ArbitraryRequest, malformedRequest, wellFormedRequest } from './arbitrary-request';
import { type DescribedRoute, type Description, describedRoutes, type JsonSchema } from './described-routes';
import { type ApiFixture, openApiFixture } from './fixture';
import { type KnownThings, knownPath, makeKnownThings } from './known-run';

const RUNS_PER_ROUTE = 25;

let gatehouse: Harness;
let http: ApiFixture;
let things: KnownThings;
let description: Description;
let validatorOf: (schema: JsonSchema) => ValidateFunction;
beforeAll(async () => {
  gatehouse = await startHarness();
  http = await openApiFixture(gatehouse);
  things = await makeKnownThings(gatehouse, http);
  description = await describedRoutes(http.api);
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  ajv.addSchema({ $id: 'document', components: { schemas: description.components } });
  const validators = new Map<JsonSchema, ValidateFunction>();
  validatorOf = (schema) => {
    const known = validators.get(schema);
    if (known) return known;
    const text = JSON.stringify(schema).replaceAll('"#/components', '"document#/components');
    const made = ajv.compile(JSON.parse(text));
    validators.set(schema, made);
    return made;
  };
});
afterAll(async () => {
  await http.close();
  await gatehouse.close();
});

function known(route: DescribedRoute) {
  return (parameter: { name: string; in: string } | string): string[] => {
    const { run, agent, approvalId, questionId, actionHash } = things;
    if (typeof parameter === 'string')
      return (
        {
          agent: [agent],
          runId: [run.runId],
          approvalId: [approvalId],
          questionId: [questionId],
          actionHash: [actionHash],
        }[parameter] ?? []
      );
    if (parameter.in === 'path') {
      const filled = knownPath(route.path, things).split('/');
      const index = route.path.split('/').indexOf(`{${parameter.name}}`);
      return [decodeURIComponent(filled[index] ?? '')];
    }
    return parameter.name === 'runId' ? [run.runId] : [];
  };
}

/** The answer is documented, of its schema, and no server error. */
async function holds(route: DescribedRoute, { path, headers, body }: ArbitraryRequest): Promise<void> {
  const answer = await http.ask(path, {
    method: route.method,
    headers,
    ...(body === undefined ? {} : { body }),
  });
  const type = (answer.headers.get('content-type') ?? '').split(';')[0]!;
  if (type === 'text/event-stream') {
    await answer.body?.cancel();
    expect(answer.status).toBe(200);
    return;
  }
  const text = await answer.text();
  const said = `${route.method} ${path} ${body ?? ''}: ${answer.status} ${text}`;
  if (answer.status >= 500) throw new Error(said);
  const documented = route.answers[answer.status];
  if (documented === undefined) {
    // An id that holds a slash names another path.
    if (answer.status === 404 || answer.status === 405) return;
    throw new Error(`not documented: ${said}`);
  }
  if (documented === null) return;
  const schema = documented[type];
  if (!schema) throw new Error(`of another type (${type}): ${said}`);
  const validate = validatorOf(schema);
  if (!validate(JSON.parse(text))) throw new Error(`${JSON.stringify(validate.errors)}: ${said}`);
}

test('every route answers what it is asked for as its schema says, and never with a server error', async () => {
  for (const route of description.routes)
    await fc.assert(
      fc.asyncProperty(wellFormedRequest(route, description, known(route)), (request) =>
        holds(route, request),
      ),
      { numRuns: RUNS_PER_ROUTE },
    );
}, 300_000);

test('every route refuses what is malformed as its schema says, and never with a server error', async () => {
  for (const route of description.routes)
    await fc.assert(
      fc.asyncProperty(malformedRequest(route, description, known(route)), (request) =>
        holds(route, request),
      ),
      { numRuns: RUNS_PER_ROUTE },
    );
}, 300_000);
