import type { CedarValueJson, EntityJson } from '@cedar-policy/cedar-wasm/nodejs';
import { LRUCache } from 'lru-cache';
import type { ContentResource } from '../../domain/content';
import { normalizeToolName } from '../../domain/permissions';
import type { Tool } from '../../tools/tool';
import type { PolicyContext, ReadCall } from '../layer';
import { argumentsRecord } from './argument-types';
import { entityLiteral, type Literal, TYPE, WHOLE } from './literal-tests';
import { loadCedar } from './load-cedar';
import type { ReadPath } from './rule-index';
import { requestSchemaOf, seenArguments } from './schema';
import { type Touched, touchingOf } from './touched-things';

/** A call as rules see it: the one shape of request that Cedar is ever asked. */
export interface CallRequest {
  tool: string;
  /** Cedar's name of the schema that every request is checked against. */
  schemaName: string;
  principal: EntityJson;
  context: Record<string, CedarValueJson>;
  /** Arguments that no rule can be shown, and why. */
  unsayable: ReadonlyMap<string, string>;
}

/** A call with one of the things it touches or declares. */
export interface ResourceRequest extends CallRequest {
  resource: EntityJson;
}

/** Rules see typed values only: an object in the arguments can never pass for an entity of Cedar's. */
export function callRequest({ tool, args, judgement }: ReadCall, context: PolicyContext): CallRequest {
  const { organizationId, agent, permissions } = context.snapshot;
  const { record, unsayable } = argumentsRecord(seenArguments(tool), filledArguments(tool, args, context));
  return {
    tool: normalizeToolName(tool.name),
    schemaName: schemaNameOf(tool),
    principal: {
      uid: { type: 'Agent', id: agent },
      attrs: { name: agent, organization: organizationId, tier: permissions.tier },
      parents: [],
    },
    context: {
      args: record,
      effect: judgement.effect,
      marks: [...judgement.marks],
      approvals: [...(context.approvals ?? [])],
    },
    unsayable,
  };
}

/** What the call touches, each once. */
export function touchedBy({ tool, args }: ReadCall, { runId }: PolicyContext): Touched[] {
  const touched = touchingOf(tool).of(objectOf(args), runId);
  return [...new Map(touched.map((each) => [`${each.type} ${each.name}`, each])).values()];
}

export function touchRequest(call: CallRequest, { type, name }: Touched): ResourceRequest {
  return { ...call, resource: { uid: { type, id: name }, attrs: { name }, parents: [] } };
}

export function contentRequest(call: CallRequest, content: ContentResource): ResourceRequest {
  const { language, type, name, address, file, line, attributes, referencedBy } = content;
  return {
    ...call,
    resource: {
      uid: { type: 'ContentResource', id: `${file}#${address}` },
      attrs: { language, type, name, address, file, line, referencedBy },
      parents: [],
      tags: attributes,
    },
  };
}

/** Looks values of a request up, for choosing the rules that may match. */
export function readerOf({ context, resource }: ResourceRequest): ReadPath {
  const uid = resource.uid as { type: string; id: string };
  const resourceFacts: Record<string, unknown> = {
    ...resource.attrs,
    [TYPE]: uid.type,
    [WHOLE]: entityLiteral(uid),
  };
  return ([variable, ...steps]) => {
    let value: unknown = variable === 'context' ? context : resourceFacts;
    for (const step of steps) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
      value = (value as Record<string, unknown>)[step];
    }
    return typeof value === 'object' ? undefined : (value as Literal);
  };
}

function filledArguments(tool: Tool, args: unknown, { runId }: PolicyContext): unknown {
  const fill = touchingOf(tool).fill;
  return fill ? { ...fill(runId), ...objectOf(args) } : args;
}

function objectOf(args: unknown): Record<string, unknown> {
  return typeof args === 'object' && args !== null ? (args as Record<string, unknown>) : {};
}

const byTool = new WeakMap<Tool, string>();
const MAX_SCHEMAS = 2_000;
const freeNames: string[] = [];
let names = 0;
const prepared = new LRUCache<string, string>({
  max: MAX_SCHEMAS,
  // Cedar forgets no schema; a name that is free is written over.
  dispose: (name) => freeNames.push(name),
});

function schemaNameOf(tool: Tool): string {
  const key = byTool.get(tool) ?? JSON.stringify(requestSchemaOf(tool));
  byTool.set(tool, key);
  const known = prepared.get(key);
  if (known !== undefined) return known;
  const name = freeNames.pop() ?? `tool-${names++}`;
  const answer = loadCedar().preparseSchema(name, JSON.parse(key));
  if (answer.type === 'failure')
    throw new Error(
      `cedar cannot read the schema of a tool: ${answer.errors[0]?.message ?? 'no reason given'}`,
    );
  prepared.set(key, name);
  return name;
}
