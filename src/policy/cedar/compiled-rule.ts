import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import type { RuleOutcome } from './annotations';
import type { LiteralTest } from './literal-tests';

/** One rule, read once for its snapshot. */
export interface CompiledRule {
  /** `<policy>/<rule>`: the rule of its findings. */
  id: string;
  /** Its place among the rules of the snapshot: findings come in this order. */
  place: number;
  policy: string;
  message: string;
  outcome: RuleOutcome;
  isObserved: boolean;
  /** As written: its form in JSON cannot carry Cedar's largest numbers. */
  text: string;
  effect: PolicyJson['effect'];
  tools: 'every' | ReadonlySet<string>;
  /** Whether it is asked about every thing that a change declares. */
  readsContent: boolean;
  test: LiteralTest | null;
  attributes: 'every' | ReadonlySet<string>;
}

/** A rule that cannot be read; what it would have refused is not known, so it refuses all in its scope. */
export interface BrokenRule {
  id: string;
  policy: string;
  /** A clause. */
  problem: string;
  tools: 'every' | ReadonlySet<string>;
}
