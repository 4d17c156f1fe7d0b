import { canonicalJson, parseStrictJson } from '../src/domain/canonical-json';
import { GatehouseError } from '../src/domain/errors';
import type {
  RecordAnswerInput,
  RecordDecisionInput,
  RecordExpiryInput,
  RecordedAnswer,
  RecordedDecision,
  RecordedExpiry,
  RecordedTopUp,
  RecordTopUpInput,
} from '../src/domain/steps';
import type { PeopleStore } from '../src/policy/people-records';
import { toFailure } from './failures';

/** Longest answer or reason that is kept, in characters. */
const MAX_TEXT_LENGTH = 20_000;

/**
 * What people say, verified and recorded before it counts. An organization that requires signatures accepts nothing
 * unsigned: Temporal access alone approves nothing.
 */
export const createPeople = ({ people, now }: { people: PeopleStore; now(): number }) => ({
  async recordDecision(input: RecordDecisionInput): Promise<RecordedDecision> {
    return refusable(async () => {
      const { decision, runId, organizationId } = input;
      const identity = await identityOf(people, organizationId, decision.by, decision.signature);
      const args = decision.args === undefined ? null : canonicalArgs(decision.args);
      if (decision.decision === 'deny' && args !== null)
        throw new GatehouseError('decision-malformed', 'edited arguments go with `approve`, not with `deny`');
      return people.recordDecision({
        runId,
        organizationId,
        approvalId: decision.approvalId,
        actionHash: decision.actionHash,
        verdict: decision.decision,
        args,
        reason: cut(decision.reason ?? ''),
        ...identity,
        firstSequence: input.firstSequence,
        at: now(),
      });
    });
  },

  async recordAnswer(input: RecordAnswerInput): Promise<RecordedAnswer> {
    return refusable(async () => {
      const { answer, runId, organizationId } = input;
      if (answer.answer.trim() === '') throw new GatehouseError('answer-empty', 'an answer needs some text');
      return people.recordAnswer({
        runId,
        organizationId,
        questionId: answer.questionId,
        answer: cut(answer.answer),
        by: answer.by ?? null,
        firstSequence: input.firstSequence,
        at: now(),
      });
    });
  },

  async recordExpiry(input: RecordExpiryInput): Promise<RecordedExpiry> {
    try {
      return await people.recordExpiry({ ...input, at: now() });
    } catch (error) {
      throw toFailure(error);
    }
  },

  async recordTopUp(input: RecordTopUpInput): Promise<RecordedTopUp> {
    return refusable(async () => {
      const { topUp, runId, organizationId } = input;
      const identity = await identityOf(people, organizationId, topUp.by, topUp.signature);
      await people.recordTopUp({
        runId,
        organizationId,
        budget: topUp.budget,
        ...identity,
        firstSequence: input.firstSequence,
        at: now(),
      });
      return { accepted: true, budget: topUp.budget };
    });
  },
});

/** @throws GatehouseError `signature-required` */
async function identityOf(
  people: PeopleStore,
  organizationId: string,
  by: string | null | undefined,
  signature: string | null | undefined,
): Promise<{ by: string; isVerified: boolean }> {
  if (await people.requiresSignatures(organizationId))
    throw new GatehouseError(
      'signature-required',
      (signature ?? null) === null
        ? 'this organization accepts signed decisions only'
        : 'this signature belongs to no approver of the organization',
    );
  return { by: by?.trim() || 'unknown', isVerified: false };
}

/** The edited arguments as the gate will read them again. */
function canonicalArgs(args: unknown): string {
  const text = typeof args === 'string' ? args : JSON.stringify(args);
  return canonicalJson(parseStrictJson(text));
}

function cut(text: string): string {
  return text.slice(0, MAX_TEXT_LENGTH);
}

/** A person's mistake is a receipt that says why; anything else is a failure that Temporal retries. */
async function refusable<T>(work: () => Promise<T>): Promise<T | { accepted: false; reason: string }> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof GatehouseError && REFUSALS.has(error.code))
      return { accepted: false, reason: error.message };
    throw toFailure(error);
  }
}

const REFUSALS: ReadonlySet<string> = new Set([
  'signature-required',
  'decision-malformed',
  'answer-empty',
  'json-malformed',
]);
