import type { PendingApproval } from '../src/domain/approval';
import { GatehouseError } from '../src/domain/errors';
import type { WordKind } from '../src/domain/events';
import { sha256 } from '../src/domain/hashing';
import type { Scope } from '../src/domain/scopes';
import type {
  GateInput,
  GateResult,
  OpenTopUpInput,
  RecordAnswerInput,
  RecordDecisionInput,
  RecordExpiryInput,
  RecordedAnswer,
  RecordedDecision,
  RecordedExpiry,
  RecordedPrompt,
  RecordedRevocation,
  RecordedTopUp,
  RecordPromptInput,
  RecordRevocationInput,
  RecordTopUpInput,
} from '../src/domain/steps';
import { topUpProblem } from '../src/domain/top-up';
import type { Word } from '../src/identity/word-token';
import type { WordVerifier } from '../src/identity/word-verifier';
import { answerWord, canonicalArgs, decisionWord, revocationWord, topUpWord } from '../src/identity/words';
import type { GateAhead } from '../src/policy/gate-records';
import type { Identity, PeopleStore } from '../src/policy/people-records';
import { toFailure } from './failures';

/** Longest answer or reason that is kept, in characters. */
const MAX_TEXT_LENGTH = 20_000;

export interface PeopleDependencies {
  people: PeopleStore;
  words: WordVerifier;
  /** The policy gate. */
  gate(input: GateInput): Promise<GateResult>;
  /** The same, of an approval whose vote is being counted. */
  gateAhead(input: GateInput): GateAhead;
  now(): number;
}

/**
 * What people say, verified and recorded before it counts. An organization that requires signatures accepts nothing
 * unsigned: Temporal access alone approves nothing. What is signed is verified everywhere.
 */
export const createPeople = ({ people, words, gate, gateAhead, now }: PeopleDependencies) => {
  /**
   * Whose word this is. One that cannot be proven is audited.
   *
   * @throws GatehouseError that says why it does not count
   */
  async function identityOf(said: Said): Promise<Identity> {
    const { runId, organizationId, firstSequence } = said.input;
    try {
      if (said.signature) return await words.verified(said.word(), said.signature, said.mayBeSaidBy);
      const claimed = words.claimed(organizationId, said.by);
      claimed.catch(() => undefined);
      if (await people.requiresSignatures(organizationId))
        throw new GatehouseError('signature-required', 'this organization accepts signed decisions only');
      return await claimed;
    } catch (error) {
      if (error instanceof GatehouseError && UNPROVEN.has(error.code)) {
        const { what, id } = said;
        const claimedBy = said.by ?? null;
        const { code, message: reason } = error;
        const place = { runId, organizationId, firstSequence, at: now() };
        await people.recordRefusal({ ...place, what, id, claimedBy, code, reason });
      }
      throw error;
    }
  }

  return {
    /** With the gate that follows an approval, so that what was approved starts one step sooner. */
    async recordDecision(input: RecordDecisionInput): Promise<RecordedDecision> {
      return refusable(async () => {
        const { decision, gate: following, ...place } = input;
        const args = isAbsent(decision.args) ? null : canonicalArgs(decision.args);
        if (decision.decision === 'deny' && args !== null)
          throw new GatehouseError(
            'decision-malformed',
            'edited arguments go with `approve`, not with `deny`',
          );
        const ahead = following && gateAhead(following);
        const identity = await identityOf({
          what: 'decision',
          id: decision.approvalId,
          input,
          ...decision,
          word: () => decisionWord(place, decision),
          mayBeSaidBy: ['approvals:decide'],
        });
        const vote = {
          ...place,
          approvalId: decision.approvalId,
          actionHash: decision.actionHash,
          verdict: decision.decision,
          args,
          reason: kept(decision.reason ?? ''),
          scope: decision.scope ?? 'once',
          ...identity,
          at: now(),
        };
        const recorded = await people.recordDecision(vote, ahead);
        if (!following || !recorded.accepted || recorded.gated || recorded.outcome?.kind !== 'approved')
          return recorded;
        // What goes wrong here is no fault of the decision: the run asks the gate by itself then.
        const gated = await gate(following).catch(() => null);
        return gated && !gated.halt ? { ...recorded, gated } : recorded;
      });
    },

    async recordAnswer(input: RecordAnswerInput): Promise<RecordedAnswer> {
      return refusable(async () => {
        const { answer, ...place } = input;
        if (answer.answer.trim() === '')
          throw new GatehouseError('answer-empty', 'an answer needs some text');
        const { by, isVerified } = await identityOf({
          what: 'answer',
          id: answer.questionId,
          input,
          ...answer,
          word: () => answerWord(place, answer),
          mayBeSaidBy: ['approvals:decide', 'runs:write'],
        });
        return people.recordAnswer({
          ...place,
          questionId: answer.questionId,
          answer: kept(answer.answer),
          by: isAbsent(answer.by) && !isVerified ? null : by,
          isVerified,
          at: now(),
        });
      });
    },

    async recordExpiry(input: RecordExpiryInput): Promise<RecordedExpiry> {
      return failing(() => people.recordExpiry({ ...input, at: now() }));
    },

    /** A reminder or an escalation of an approval that still waits. */
    async recordPrompt(input: RecordPromptInput): Promise<RecordedPrompt> {
      return failing(() => people.recordPrompt({ ...input, at: now() }));
    },

    /** Asks people for more budget: an approval of the pseudo-tool `top-up`. */
    async openTopUp(input: OpenTopUpInput): Promise<PendingApproval> {
      return failing(() => people.openTopUp({ ...input, at: now() }));
    },

    async recordTopUp(input: RecordTopUpInput): Promise<RecordedTopUp> {
      return refusable(async () => {
        const { topUp, ...place } = input;
        const problem = topUpProblem(topUp.budget);
        if (problem) throw new GatehouseError('top-up-malformed', problem);
        const { by, isVerified } = await identityOf({
          what: 'top-up',
          id: 'top-up',
          input,
          ...topUp,
          word: () => topUpWord(place, topUp.budget),
          mayBeSaidBy: ['approvals:decide'],
        });
        const word = isAbsent(topUp.signature) ? null : sha256(topUp.signature as string);
        return people.recordTopUp({ ...place, budget: topUp.budget, by, isVerified, word, at: now() });
      });
    },

    async recordRevocation(input: RecordRevocationInput): Promise<RecordedRevocation> {
      return refusable(async () => {
        const { revocation, ...place } = input;
        const { by, isVerified } = await identityOf({
          what: 'revocation',
          id: revocation.approvalId,
          input,
          ...revocation,
          word: () => revocationWord(place, revocation),
          mayBeSaidBy: ['approvals:decide', 'halt:write'],
        });
        const { approvalId } = revocation;
        return people.recordRevocation({ ...place, approvalId, by, isVerified, at: now() });
      });
    },
  };
};

/** Something that is said about a run, by whom as far as they say. */
interface Said {
  what: WordKind;
  /** What it is about. */
  id: string;
  input: { runId: string; organizationId: string; firstSequence: number };
  by?: string | null;
  signature?: string | null;
  /** What must have been signed. */
  word(): Word;
  mayBeSaidBy: readonly Scope[];
}

/**
 * As much as is kept, as the database can hold it: it has no place for NUL or for half a character, which a cut leaves too.
 * What cannot be recorded would be tried for ever, and the run would wait behind it.
 */
function kept(text: string): string {
  return text.slice(0, MAX_TEXT_LENGTH).toWellFormed().replaceAll('\0', '\ufffd');
}

/** JSON has no `undefined`: what is absent may come as null. */
function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

async function failing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toFailure(error);
  }
}

/** A person's mistake is a receipt that says why; anything else is a failure that Temporal retries. */
async function refusable<T>(work: () => Promise<T>): Promise<T | { accepted: false; reason: string }> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof GatehouseError && (UNPROVEN.has(error.code) || MISTAKES.has(error.code)))
      return { accepted: false, reason: error.message };
    throw toFailure(error);
  }
}

/** Nothing proves whose word it is, or those whose word it is may not say it. */
const UNPROVEN: ReadonlySet<string> = new Set([
  'signature-required',
  'signature-invalid',
  'signature-expired',
  'person-disabled',
  'person-not-allowed',
]);

const MISTAKES: ReadonlySet<string> = new Set([
  'decision-malformed',
  'answer-empty',
  'top-up-malformed',
  'json-malformed',
]);
