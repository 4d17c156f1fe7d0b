import type { SchemaJson, Type } from '@cedar-policy/cedar-wasm/nodejs';
import { normalizeToolName } from '../../domain/permissions';
import type { Tool } from '../../tools/tool';
import { argumentsType, type CedarRecord } from './argument-types';
import { type ResourceType, resourceTypes, touchingOf } from './touched-things';

/** Group of the tools whose result is judged as content: `action in Action::"changes-content"`. */
export const CHANGES_CONTENT = 'changes-content';
const CONTENT_CHANGERS: ReadonlySet<string> = new Set(['write-file', 'apply-patch', 'git-push', 'create-pr']);

/** Whether content rules judge what this tool leaves behind. */
export function changesContent(tool: string): boolean {
  return CONTENT_CHANGERS.has(normalizeToolName(tool));
}

/** Members of an action group; the empty list when there is no such group. */
export function toolsInGroup(group: string): readonly string[] {
  return group === CHANGES_CONTENT ? [...CONTENT_CHANGERS] : [];
}

/**
 * The Cedar schema of a set of tools; an action is a tool.
 *
 * - `principal is Agent`: `name`, `organization`, `tier` (0 OBSERVE to 4 PROD_GATED)
 * - `action`: `Action::"git-push"`, or `in Action::"changes-content"` (write-file, apply-patch, git-push, create-pr)
 * - `resource`: what is touched, of one type a tool, each with a `name`: `Path`, `Branch`, `Command`, …; and for the
 *   actions of `changes-content` also `ContentResource`, once for each thing that the changed files declare: `language`
 *   (`terraform`, `kubernetes`), `type` (`aws_s3_bucket`), `name`, `address`, `file`, `line`, `referencedBy` (a set of
 *   types), and its attributes as tags of text: `resource.hasTag("storage_encrypted") &&
 *   resource.getTag("storage_encrypted") == "true"`, `resource.hasTag("tags.Owner")`
 * - `context`: `args` (typed by the tool's own schema), `effect`, `marks`, `approvals` (ids of approved findings)
 */
export function schemaOf(tools: Iterable<Tool>): SchemaJson<string> {
  const actions: SchemaJson<string>[string]['actions'] = { [CHANGES_CONTENT]: {} };
  for (const tool of tools) {
    const name = normalizeToolName(tool.name);
    const isChanging = changesContent(name);
    actions[name] = {
      memberOf: isChanging ? [{ id: CHANGES_CONTENT }] : [],
      appliesTo: {
        principalTypes: ['Agent'],
        resourceTypes: [...touchingOf(tool).types, ...(isChanging ? ['ContentResource'] : [])],
        context: {
          type: 'Record',
          attributes: {
            args: seenArguments(tool),
            effect: STRING,
            marks: STRINGS,
            approvals: STRINGS,
          },
        },
      },
    };
  }
  return { '': { entityTypes: ENTITY_TYPES, actions } };
}

/**
 * The schema that requests are checked against: of one tool, and nothing in it must be there, since a request holds
 * only what its rules read.
 */
export function requestSchemaOf(tool: Tool): SchemaJson<string> {
  return JSON.parse(JSON.stringify(schemaOf([tool])), (key, value) =>
    key === 'attributes'
      ? Object.fromEntries(
          Object.entries(value as CedarRecord['attributes']).map(([name, type]) => [
            name,
            { ...type, required: false },
          ]),
        )
      : value,
  );
}

/** The type of `context.args`: an argument that is filled in is always there. */
export function seenArguments(tool: Tool): CedarRecord {
  const type = argumentsType(tool);
  const filled = Object.keys(touchingOf(tool).fill?.('') ?? {});
  if (filled.length === 0) return type;
  const attributes = { ...type.attributes };
  for (const name of filled) if (attributes[name]) attributes[name] = { ...attributes[name], required: true };
  return { ...type, attributes };
}

const STRING: Type<string> = { type: 'String' };
const STRINGS: Type<string> = { type: 'Set', element: STRING };

function entity(attributes: Record<string, Type<string>>) {
  return { shape: { type: 'Record' as const, attributes } };
}

const ENTITY_TYPES: SchemaJson<string>[string]['entityTypes'] = {
  Agent: entity({ name: STRING, organization: STRING, tier: { type: 'Long' } }),
  ...(Object.fromEntries(resourceTypes.map((type) => [type, entity({ name: STRING })])) as Record<
    ResourceType,
    ReturnType<typeof entity>
  >),
  ContentResource: {
    ...entity({
      language: STRING,
      type: STRING,
      name: STRING,
      address: STRING,
      file: STRING,
      line: { type: 'Long' },
      referencedBy: STRINGS,
    }),
    tags: STRING,
  },
};
