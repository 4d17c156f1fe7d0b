import type { CedarValueJson, EntityJson, EntityUid } from '@cedar-policy/cedar-wasm/nodejs';
import type { CompiledRule } from './compiled-rule';
import { loadCedar } from './load-cedar';
import type { ResourceRequest } from './request';
import type { Slice } from './rule-index';

/** What rules say of one request. */
export type Evaluation =
  | { kind: 'judged'; matched: CompiledRule[]; failed: { rule: CompiledRule; problem: string }[] }
  /** Cedar takes the request for none that its schema allows: nothing was judged. */
  | { kind: 'refused'; problem: string };

/** Asks Cedar which rules of a slice match. Its verdict is not looked at: every rule that matches is reported. */
export function evaluate({ name, rules, attributes }: Slice, request: ResourceRequest): Evaluation {
  const answer = loadCedar().statefulIsAuthorized({
    principal: request.principal.uid as EntityUid,
    action: { type: 'Action', id: request.tool },
    resource: request.resource.uid as EntityUid,
    context: contextFor(attributes, request.context),
    preparsedSchemaName: request.schemaName,
    // Without it an object of the right shape in the context would be believed to be an entity.
    validateRequest: true,
    preparsedPolicySetId: name,
    entities: [entityFor(attributes, request.principal), entityFor(attributes, request.resource)],
  });
  if (answer.type === 'failure')
    return { kind: 'refused', problem: answer.errors[0]?.message ?? 'no reason was given' };
  const { reason, errors } = answer.response.diagnostics;
  const ruleOf = (id: string): CompiledRule => {
    const rule = rules.get(id);
    if (!rule) throw new Error(`cedar names an unknown rule: ${id}`);
    return rule;
  };
  return {
    kind: 'judged',
    // A permit is named only where nothing forbids.
    matched: reason.map(ruleOf).filter(({ effect }) => effect === 'forbid'),
    // INVARIANT: Cedar skips a rule that fails, so a broken `forbid` would let everything pass.
    failed: errors.map(({ policyId, error }) => ({ rule: ruleOf(policyId), problem: error.message })),
  };
}

type Values = Record<string, CedarValueJson>;

/** What no rule of the slice reads is left out: handing values over costs more than judging them. */
function pick(attributes: Slice['attributes'], values: Values): Values {
  if (attributes === 'every') return values;
  const picked: Values = {};
  for (const name in values) if (attributes.has(name)) picked[name] = values[name]!;
  return picked;
}

function contextFor(attributes: Slice['attributes'], context: Values): Values {
  const picked = pick(attributes, context);
  if (attributes !== 'every' && picked.args !== undefined)
    picked.args = pick(attributes, context.args as Values);
  return picked;
}

function entityFor(attributes: Slice['attributes'], entity: EntityJson): EntityJson {
  return { ...entity, attrs: pick(attributes, entity.attrs) };
}
