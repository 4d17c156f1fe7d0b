import { Ajv2020 } from 'ajv/dist/2020';
import { permissionsOfTier, TIER_DEFAULTS } from '../../src/domain/permissions';
import { AutonomyTier } from '../../src/domain/tier';
import type { ToolDeclaration } from '../../src/domain/tool-declaration';
import { builtInTools, catalogueOf, describeForModel, findTool } from '../../src/tools/catalogue';
import { toolOf } from '../../src/tools/declared';
import { unknownSensitive } from '../../src/tools/unknown-sensitive';

/** The table of POLICY §2: effect aside, what each tool is. */
const table: Record<
  string,
  { sensitive?: string[]; idempotent: boolean; probes?: boolean; use?: string; tree?: boolean }
> = {
  'read-file': { idempotent: true },
  'git-diff': { idempotent: true },
  'describe-resource': { idempotent: true },
  'query-logs': { idempotent: true },
  'list-files': { idempotent: true },
  'search-files': { idempotent: true },
  'git-log': { idempotent: true },
  'ask-user': { idempotent: true },
  'propose-change': { idempotent: true },
  'write-file': { idempotent: true },
  'apply-patch': { idempotent: false, probes: true },
  'git-commit': { idempotent: false, probes: true },
  'git-push': { idempotent: true, probes: true, sensitive: ['branch'], tree: true },
  'create-pr': { idempotent: false, probes: true, sensitive: ['base', 'reviewers'], tree: true },
  validate: { idempotent: true },
  'terraform-validate': { idempotent: true },
  'terraform-plan': { idempotent: true, sensitive: ['workspace'] },
  'run-command': { idempotent: false },
  'trigger-pipeline': { idempotent: false, sensitive: ['pipeline', 'ref'], use: 'pipelineRun', tree: true },
  'cloud-credentials': {
    idempotent: false,
    probes: true,
    sensitive: ['account', 'role', 'scope'],
    use: 'credentialRequest',
  },
  'terraform-apply': { idempotent: false, sensitive: ['workspace'], tree: true },
  'kubectl-apply': { idempotent: true, probes: true, sensitive: ['context', 'namespace'], tree: true },
  'start-run': { idempotent: true, sensitive: ['agent'] },
};

test('holds exactly the tools of the policy’s table, each as it says', () => {
  const found = [...builtInTools.values()].map(
    ({ name, sensitive, idempotent, reconcile, use, isTreeJudged }) => [
      name,
      {
        idempotent,
        ...(sensitive.length > 0 ? { sensitive } : {}),
        ...(reconcile ? { probes: true } : {}),
        ...(use ? { use } : {}),
        ...(isTreeJudged ? { tree: true } : {}),
      },
    ],
  );
  expect(Object.fromEntries(found)).toEqual(table);
});

test('every tool that a tier names is there', () => {
  for (const tier of Object.keys(TIER_DEFAULTS).map(Number) as AutonomyTier[]) {
    const { allowedTools = [] } = TIER_DEFAULTS[tier];
    for (const name of [...allowedTools, ...permissionsOfTier(tier).deniedTools])
      expect(findTool(name)).toBeDefined();
  }
  expect(AutonomyTier.OBSERVE).toBe(0);
});

test('ask-user and start-run have nothing to run: the workflow carries them out', () => {
  expect([...builtInTools.values()].filter(({ run }) => run === undefined).map(({ name }) => name)).toEqual([
    'ask-user',
    'start-run',
  ]);
});

test('a tool is found by any spelling of its name, and not by one that only looks like it', () => {
  for (const name of ['read-file', 'read_file', 'readFile', 'READ-FILE'])
    expect(findTool(name)?.name).toBe('read-file');
  for (const name of ['reаd-file', 'readfile', 'constructor', '']) expect(findTool(name)).toBeUndefined();
});

const descriptions = describeForModel(builtInTools.values());

test.each(
  descriptions.map((each) => [each.name, each] as const),
)('%s refuses unknown arguments and is described to models', (name, each) => {
  const schema = each.inputSchema as {
    type: string;
    additionalProperties: unknown;
    properties: Record<string, { description?: string }>;
  };
  expect(schema).toMatchObject({ type: 'object', additionalProperties: false });
  for (const property of Object.values(schema.properties)) expect(property.description).toMatch(/\S/);
  expect(new Ajv2020({ strict: false, validateFormats: false }).validateSchema(schema)).toBe(true);
  const strange = findTool(name)!.parameters.safeParse({ ...sample(schema), stranger: 1 });
  expect(strange.error?.issues.map(({ code }) => code)).toEqual(['unrecognized_keys']);
  for (const key of findTool(name)!.sensitive) expect(schema.properties).toHaveProperty(key);
});

/** The required arguments, each with a plain value. */
function sample(schema: object): Record<string, unknown> {
  const { required = [] } = schema as { required?: string[] };
  return Object.fromEntries(required.map((key) => [key, 'x']));
}

describe('a user’s own tools', () => {
  const declaration: ToolDeclaration = {
    name: 'Notify_Team',
    description: 'Tell a team',
    effect: 'draft',
    parameters: {
      type: 'object',
      properties: {
        to: { type: 'string' },
        channel: { type: 'string' },
        urgent: { type: 'boolean', default: false },
      },
      required: ['to'],
      additionalProperties: true,
    },
    command: ['cat'],
  };

  test('take the arguments they declare, with defaults, and no others', () => {
    const { parameters } = toolOf(declaration);
    const sent = { to: 'ops' };
    expect(parameters.parse(sent)).toEqual({ to: 'ops', urgent: false });
    expect(sent).toEqual({ to: 'ops' });
    for (const args of [{}, { to: 1 }, { to: 'ops', cc: 'x' }, 'text', null, []])
      expect(parameters.safeParse(args).success).toBe(false);
    expect(parameters.safeParse({ to: 'ops', cc: 'x' }).error?.issues[0]?.message).toBe(
      'unknown argument `cc`',
    );
  });

  test('see through composed schemas when they refuse unknown arguments', () => {
    const { parameters } = toolOf({
      ...declaration,
      parameters: {
        allOf: [{ properties: { a: {} } }, { $ref: '#/$defs/b' }],
        $defs: { b: { properties: { b: {} } } },
      },
    });
    expect(parameters.safeParse({ a: 1, b: 2 }).success).toBe(true);
    expect(parameters.safeParse({ a: 1, c: 2 }).success).toBe(false);
  });

  test('count as production without an effect, and their flags follow', () => {
    const context = { runId: 'r', branch: 'b', settings: {} as never };
    expect(toolOf({ ...declaration, effect: undefined }).judge({}, context)).toMatchObject({
      effect: 'production',
      approvalFlags: ['productionAccess'],
    });
    expect(toolOf({ ...declaration, budget: 'credentialRequest' }).judge({}, context)).toMatchObject({
      effect: 'draft',
      approvalFlags: ['credentialRequest'],
    });
  });

  test('guard arguments that say who or where, unless they name their own', () => {
    expect(toolOf(declaration).sensitive).toEqual(['to', 'channel']);
    expect(toolOf({ ...declaration, effect: 'read' }).sensitive).toEqual(['to']);
    expect(toolOf({ ...declaration, sensitive: [] }).sensitive).toEqual([]);
  });

  test('name no argument to guard that they do not have; a free-form object may have any', () => {
    expect(unknownSensitive({ ...declaration, sensitive: ['to', 'recipent'] })).toBe('recipent');
    expect(unknownSensitive({ ...declaration, sensitive: ['TO'] })).toBeNull();
    const open = { type: 'object', properties: { details: { type: 'object' } } };
    expect(unknownSensitive({ ...declaration, parameters: open, sensitive: ['recipient'] })).toBeNull();
    const nested = {
      type: 'object',
      properties: { list: { type: 'array', items: { properties: { to: {} } } } },
    };
    expect(unknownSensitive({ ...declaration, parameters: nested, sensitive: ['to'] })).toBeNull();
  });

  test('stand beside the built-in ones, and take no name that is taken', () => {
    expect(findTool('notifyTeam', catalogueOf([declaration]))?.name).toBe('Notify_Team');
    const same = { ...declaration, name: 'readFile' };
    expect(() => catalogueOf([same])).toThrow('there is another tool of this name');
    expect(() => catalogueOf([declaration, { ...declaration, name: 'notify-team' }], 'replace')).toThrow(
      'another tool',
    );
    expect(findTool('read-file', catalogueOf([same], 'replace'))?.description).toBe('Tell a team');
  });

  test.each([
    { type: 'array' },
    { type: 'nonsense' },
    { properties: 3 },
    { $ref: 'https://example.com/x.json' },
  ])('are refused with a schema that is none: %j', (parameters) => {
    expect(() => toolOf({ ...declaration, parameters })).toThrow('the tool `Notify_Team` cannot be used');
  });

  test('are shown to models with their own schema', () => {
    expect(describeForModel([toolOf(declaration)])[0]).toMatchObject({
      name: 'Notify_Team',
      inputSchema: { type: 'object', properties: { to: { type: 'string' } }, required: ['to'] },
    });
  });
});
