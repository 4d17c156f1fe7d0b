import type { ApprovalDecision, ApprovalRevocation, QuestionAnswer } from '../domain/approval';
import type { AgentBudget } from '../domain/budget';
import { canonicalJson, parseStrictJson } from '../domain/canonical-json';
import { sha256 } from '../domain/hashing';
import type { Word } from './word-token';

/** Where something is said: a word counts in one run only. */
export interface WordPlace {
  organizationId: string;
  runId: string;
}

/** What is signed for a decision. Who signs and who verifies make it from the same payload. */
export function decisionWord(
  place: WordPlace,
  { approvalId, actionHash, decision, args, reason, scope }: ApprovalDecision,
): Word {
  return word(place, {
    kind: 'decision',
    approval: approvalId,
    action: actionHash,
    decision,
    ...(isAbsent(args) ? {} : { args: sha256(canonicalArgs(args)) }),
    ...(isAbsent(reason) ? {} : { reason: sha256(reason as string) }),
    ...(isAbsent(scope) ? {} : { scope }),
  });
}

/** What is signed for an answer. */
export function answerWord(place: WordPlace, { questionId, answer }: QuestionAnswer): Word {
  return word(place, { kind: 'answer', question: questionId, answer: sha256(answer) });
}

/** What is signed for more budget. */
export function topUpWord(place: WordPlace, budget: Partial<AgentBudget>): Word {
  return word(place, { kind: 'top-up', budget: sha256(canonicalJson(budget)) });
}

/** What is signed to end an approval that was given for the rest of a run. */
export function revocationWord(place: WordPlace, { approvalId }: ApprovalRevocation): Word {
  return word(place, { kind: 'revocation', approval: approvalId });
}

/**
 * Edited arguments as the gate will read them again; a text is taken as JSON.
 *
 * @throws GatehouseError `json-malformed`
 */
export function canonicalArgs(args: unknown): string {
  return canonicalJson(parseStrictJson(typeof args === 'string' ? args : JSON.stringify(args)));
}

function word({ organizationId, runId }: WordPlace, subject: Word['subject']): Word {
  return { organization: organizationId, run: runId, subject };
}

/** JSON has no `undefined`: what is absent may come as null. */
function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}
