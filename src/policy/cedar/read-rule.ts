import type { PolicyToJsonAnswer } from '@cedar-policy/cedar-wasm/nodejs';
import { LRUCache } from 'lru-cache';
import { loadCedar } from './load-cedar';

const MAX_RULES = 5_000;
const known = new LRUCache<string, PolicyToJsonAnswer>({ max: MAX_RULES });

/** What Cedar reads in the text of one rule; read once, since checking and compiling look at the same rules. */
export function readRule(text: string): PolicyToJsonAnswer {
  let answer = known.get(text);
  if (answer === undefined) {
    answer = loadCedar().policyToJson(text);
    known.set(text, answer);
  }
  return answer;
}
