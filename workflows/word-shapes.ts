/** What people's words must look like before they are verified; anybody can send anything. */
import type { ApprovalDecision, ApprovalRevocation, QuestionAnswer } from '../src/domain/approval';
import type { BreakGlassRequest, BreakGlassWord } from '../src/domain/break-glass';
import type { TopUp } from '../src/domain/budget';

/** Why this is no decision, or null. */
export function misshapenDecision(given: ApprovalDecision): string | null {
  if (!isRecord(given) || typeof given.approvalId !== 'string')
    return 'a decision needs `approvalId`, `decision` and `actionHash`';
  return null;
}

/** Why the parts of a decision do not do, or null. */
export function misshapenTerms({ decision, by, reason, signature, scope }: ApprovalDecision): string | null {
  if (!isVerdict(decision)) return '`decision` must be `approve` or `deny`';
  if (![by, reason, signature].every(isTextOrAbsent)) return '`by`, `reason` and `signature` must be text';
  if (!isAbsent(scope) && scope !== 'once' && scope !== 'run') return '`scope` must be `once` or `run`';
  return null;
}

/** Whether it says yes or no. */
export function isVerdict(decision: unknown): boolean {
  return decision === 'approve' || decision === 'deny';
}

/** Why this is no answer, or null. */
export function misshapenAnswer(given: QuestionAnswer): string | null {
  if (!isRecord(given) || typeof given.questionId !== 'string' || typeof given.answer !== 'string')
    return 'an answer needs `questionId` and `answer`, both text';
  return null;
}

/** Why this is no top-up, or null. */
export function misshapenTopUp(given: TopUp): string | null {
  if (!isRecord(given) || !isRecord(given.budget) || typeof given.by !== 'string')
    return 'a top-up needs `budget` and `by`';
  return isTextOrAbsent(given.signature) ? null : '`signature` must be text';
}

/** Why this is no revocation, or null. */
export function misshapenRevocation(given: ApprovalRevocation): string | null {
  if (!isRecord(given) || !isId(given.approvalId)) return 'a revocation needs `approvalId`';
  return [given.by, given.signature].every(isTextOrAbsent) ? null : '`by` and `signature` must be text';
}

/** Why this is no request for a break-glass, or null; its terms are judged where they are recorded. */
export function misshapenBreakGlass(given: BreakGlassRequest): string | null {
  if (!isRecord(given) || !isRecord(given.scope))
    return 'a break-glass needs `id`, `organizationId`, `by`, `reason`, `scope` and `durationMs`';
  const { id, organizationId, by, reason, scope } = given;
  const names = Object.values(scope);
  if (![id, organizationId, by, reason, ...names].every(isKept))
    return '`id`, `organizationId`, `by`, `reason` and what `scope` names must be text';
  return misshapenBreakGlassWord(given);
}

/** Why this is no word about a break-glass, or null. */
export function misshapenBreakGlassWord(given: BreakGlassWord): string | null {
  if (!isRecord(given) || typeof given.by !== 'string') return 'a word about a break-glass needs `by`';
  return isTextOrAbsent(given.signature) ? null : '`signature` must be text';
}

/** JSON has no `undefined`: what is absent may come as null. */
export function isTextOrAbsent(value: unknown): boolean {
  return isAbsent(value) || typeof value === 'string';
}

/** Text that a database can hold: without NUL and half characters. */
function isKept(value: unknown): boolean {
  return typeof value === 'string' && !/\0|\p{Cs}/u.test(value);
}

/** What goes to the database is text that it can hold. */
function isId(value: unknown): boolean {
  return typeof value === 'string' && /^[A-Za-z0-9-]{1,100}$/.test(value);
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
