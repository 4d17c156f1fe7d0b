import type { RateDemand } from '../../domain/rate';
import type { PolicyContext, ReadCall } from '../layer';
import { compileRules } from './compile-rules';
import type { CompiledRule } from './compiled-rule';
import { evaluate } from './evaluate';
import { callRequest, readerOf, touchedBy, touchRequest } from './request';

/**
 * The sliding windows that a call counts against: one for each rule with `@rate` that matches. Asked about calls that
 * are allowed; rules that fail are denials of the organization layer, which stands before.
 *
 * @throws Error when a rule that is not only observed cannot be judged: the caller refuses the call
 */
export function rateDemands(read: ReadCall, context: PolicyContext): RateDemand[] {
  const { snapshot } = context;
  if (snapshot.rules.length === 0) return [];
  const { rates } = compileRules(snapshot);
  if (!rates.hasRulesFor(read.tool.name)) return [];
  const isObserving = snapshot.mode === 'observe';
  const call = callRequest(read, context);
  const demands = new Map<string, RateDemand>();
  for (const touched of touchedBy(read, context)) {
    const request = touchRequest(call, touched);
    const slice = rates.sliceFor(request.tool, readerOf(request));
    if (!slice) continue;
    const evaluation = evaluate(slice, request);
    const holds = ({ isObserved }: CompiledRule) => !isObserving && !isObserved;
    if (evaluation.kind === 'refused') {
      if (isObserving) continue;
      throw new Error('the rules with a rate cannot judge this call');
    }
    if (evaluation.failed.some(({ rule }) => holds(rule))) throw new Error('a rule with a rate failed');
    for (const rule of evaluation.matched) {
      const { id, message, outcome } = rule;
      if (outcome.kind !== 'rate') continue;
      const { per, limit, windowMs } = outcome;
      const demand: RateDemand = { rule: id, message, per, limit, windowMs };
      demands.set(id, holds(rule) ? demand : { ...demand, isObserved: true });
    }
  }
  return [...demands.values()];
}
