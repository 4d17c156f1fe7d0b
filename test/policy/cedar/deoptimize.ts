/** Throws optimised code away while it is inside a call into Cedar. Needs `--allow-natives-syntax`. */
import { loadCedar } from '../../../src/policy/cedar/load-cedar';

const cedar = loadCedar();
const deoptimize = new Function('each', '%DeoptimizeFunction(each)');
const optimize = new Function('each', '%OptimizeFunctionOnNextCall(each)');
const thing = { type: 'Thing', id: 'a' };
let isDeoptimizing = false;

function ask(): string {
  return cedar.statefulIsAuthorized({
    principal: thing,
    action: { type: 'Action', id: 'x' },
    resource: thing,
    get context() {
      if (isDeoptimizing) for (const each of [ask, cedar.statefulIsAuthorized]) deoptimize(each);
      return {};
    },
    preparsedPolicySetId: 'set',
    entities: [],
  }).type;
}

cedar.preparsePolicySet('set', { staticPolicies: { rule: 'forbid (principal, action, resource);' } });
for (let call = 0; call < 20_000; call++) ask();
optimize(ask);
ask();
isDeoptimizing = true;
console.log(ask());
