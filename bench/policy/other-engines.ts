import { type isAuthorized, preparsePolicySet, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs';
import { newEnforcer, newModel, StringAdapter } from 'casbin';
import { fileOf } from './gate';
import type { Subject } from './timings';

/** The same rules in one set of Cedar's, asked with a prepared set: the fastest way it offers. */
export function rawCedar(name: string, rules: readonly string[], calls: number): Subject {
  const staticPolicies = Object.fromEntries(rules.map((rule, index) => [`r${index}`, rule]));
  const answer = preparsePolicySet(name, {
    staticPolicies: { ...staticPolicies, open: 'permit (principal, action, resource);' },
  });
  if (answer.type === 'failure') throw new Error(answer.errors[0]?.message);
  return {
    name,
    calls,
    work(call) {
      const answered = statefulIsAuthorized({ ...requestOf(call), preparsedPolicySetId: name });
      if (answered.type === 'failure' || answered.response.decision !== 'allow')
        throw new Error('Cedar answers otherwise than the gate');
    },
  };
}

/** The same rules in node-casbin: who, what tool, on what, with `deny` overriding. */
export async function casbin(name: string, rules: number, calls: number): Promise<Subject> {
  const model = newModel(`
[request_definition]
r = sub, act, obj
[policy_definition]
p = sub, act, obj, eft
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = r.act == p.act && keyMatch(r.obj, p.obj)
`);
  const lines = Array.from({ length: rules }, (_, index) =>
    index % 2 === 0
      ? `p, bench, git-push, release-${index}, deny`
      : `p, bench, write-file, protected-${index}/*, deny`,
  );
  const enforcer = await newEnforcer(
    model,
    new StringAdapter([...lines, 'p, bench, read-file, *, allow'].join('\n')),
  );
  return {
    name,
    calls,
    work(call) {
      if (!enforcer.enforceSync('bench', 'read-file', fileOf(call)))
        throw new Error('casbin answers otherwise than the gate');
    },
  };
}

function requestOf(call: number): Omit<Parameters<typeof isAuthorized>[0], 'policies'> {
  const path = fileOf(call);
  return {
    principal: { type: 'Agent', id: 'bench' },
    action: { type: 'Action', id: 'read-file' },
    resource: { type: 'Path', id: path },
    context: { args: { path, offset: 1, limit: 2000 }, effect: 'read', marks: [], approvals: [] },
    entities: [
      {
        uid: { type: 'Agent', id: 'bench' },
        attrs: { name: 'bench', organization: 'bench', tier: 2 },
        parents: [],
      },
      { uid: { type: 'Path', id: path }, attrs: { name: path }, parents: [] },
    ],
  };
}
