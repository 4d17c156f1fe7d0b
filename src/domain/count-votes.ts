import type { ApprovalOutcome, ApprovalProgress } from './approval';
import type { Finding } from './decision';
import { visibleText } from './visible-text';
import type { Vote } from './vote';

/** What votes are counted by. */
export interface Poll {
  /** Those that asked: all of them are approved, or none. */
  findings: readonly Finding[];
  /** What was shown, as RFC 8785 JSON. */
  args: string;
  requestedBy: string;
  /** Role whose holders stand in for a missing one; null before that. */
  escalatedTo: string | null;
  /** One person alone works here, so that four eyes cannot be had. */
  isSingleOperator: boolean;
}

type Demands = Pick<Poll, 'findings' | 'escalatedTo'>;

/** Why a vote cannot count, or null. Whoever may decide may deny; an approval must bring something that is missing. */
export function refusalOfVote(vote: Vote, votes: readonly Vote[], poll: Poll): string | null {
  const earlier = votes.find((each) => each.by === vote.by);
  if (vote.verdict === 'deny') return null;
  if (earlier) return `${quoted(vote.by)} has said \`${earlier.verdict}\` already`;
  if (needsFourEyes(poll.findings) && vote.by === poll.requestedBy && !poll.isSingleOperator)
    return `${quoted(vote.by)} asked for the run and cannot approve this (four eyes): somebody else has to; where one person alone works, the people settings of the organization say so with \`isSingleOperator\``;
  const before = remaining(votes, poll);
  const after = remaining([...votes, vote], poll);
  const fills = after.roles.some((role, index) => role.missing < before.roles[index]!.missing);
  if (fills || least(after) < least(before)) return null;
  const held = vote.roles && vote.roles.length > 0 ? vote.roles.map(quoted).join(', ') : 'no role';
  return `this needs ${inWords(before)}, and ${quoted(vote.by)} has ${held}`;
}

/** Whether a vote counts only since nobody else is there. */
export function isWaived(vote: Vote, { findings, requestedBy, isSingleOperator }: Poll): boolean {
  return isSingleOperator && vote.verdict === 'approve' && vote.by === requestedBy && needsFourEyes(findings);
}

/**
 * What the votes together say; null while something is missing. A deny settles, and so does an approval of edited
 * arguments, which the gate judges anew. Otherwise the order of votes makes no difference.
 */
export function outcomeOfVotes(votes: readonly Vote[], poll: Poll): ApprovalOutcome | null {
  const denial = votes.find((vote) => vote.verdict === 'deny');
  if (denial) return { kind: 'denied', by: denial.by, reason: denial.reason };
  const edit = votes.find((vote) => vote.args !== null && vote.args !== poll.args);
  if (edit?.args) return { kind: 'edited', by: edit.by, args: edit.args };
  const approving = approvers(votes);
  if (approving.length === 0 || least(remaining(votes, poll)) > 0) return null;
  const isForRun = approving.every((vote) => vote.scope === 'run');
  return { kind: 'approved', by: approving.map((vote) => vote.by), ...(isForRun ? { scope: 'run' } : {}) };
}

/** What was said so far and what is still needed. */
export function progressOf(votes: readonly Vote[], poll: Demands): ApprovalProgress {
  const left = remaining(votes, poll);
  return {
    votes: approvers(votes).map(({ by, isVerified, at }) => ({ by, isVerified, at })),
    quorum: left.quorum,
    roles: left.roles.map(({ role, quorum, missing }) => ({ role, quorum, votes: quorum - missing })),
    fourEyes: needsFourEyes(poll.findings),
    escalatedTo: poll.escalatedTo,
    missing: inWords(left),
  };
}

type Word = Pick<Vote, 'by' | 'verdict' | 'args' | 'scope'>;

/** What of a word is compared and counted: arguments as shown are none of one's own, and only an approval reaches further. */
export function wordOf({ by, verdict, args, scope }: Word, shownArgs: string): Word {
  return {
    ...{ by, verdict },
    args: args === shownArgs ? null : args,
    scope: verdict === 'approve' ? scope : 'once',
  };
}

/** Whether somebody says the same again. */
export function isSameWord(one: Word, other: Word): boolean {
  return (
    one.by === other.by &&
    one.verdict === other.verdict &&
    one.args === other.args &&
    one.scope === other.scope
  );
}

interface Remaining {
  /** Distinct approvers needed in all, and how many of them are missing. */
  quorum: number;
  missing: number;
  /** The same by role; of several findings with one role the largest number counts. */
  roles: { role: string; quorum: number; missing: number }[];
}

function remaining(votes: readonly Vote[], { findings, escalatedTo }: Demands): Remaining {
  const approving = approvers(votes);
  const quorum = Math.max(1, ...findings.map((finding) => finding.quorum ?? 1));
  const byRole = new Map<string, number>();
  for (const { role, quorum: each = 1 } of findings)
    if (role !== undefined) byRole.set(role, Math.max(byRole.get(role) ?? 1, each));
  const holds = ({ roles }: Vote, role: string) =>
    roles === null || roles.includes(role) || (escalatedTo !== null && roles.includes(escalatedTo));
  return {
    quorum,
    missing: Math.max(0, quorum - approving.length),
    roles: [...byRole].map(([role, needed]) => ({
      role,
      quorum: needed,
      missing: Math.max(0, needed - approving.filter((vote) => holds(vote, role)).length),
    })),
  };
}

/** The fewest further approvers that could be enough: one person may hold several of the roles. */
function least({ missing, roles }: Remaining): number {
  return Math.max(missing, ...roles.map((role) => role.missing));
}

function inWords(left: Remaining): string {
  const lacking = left.roles.filter(({ missing }) => missing > 0);
  const count = least(left);
  if (count === 0) return 'nothing more';
  const [only] = lacking;
  if (only && lacking.length === 1 && only.missing === count)
    return count === 1
      ? `an approver with the role ${quoted(only.role)}`
      : `${count} approvers with the role ${quoted(only.role)}`;
  const roles = lacking.map(({ role, missing }) => `${missing} with the role ${quoted(role)}`);
  const among = roles.length > 0 ? `, among them ${roles.join(' and ')}` : '';
  return `${count === 1 ? 'one more approver' : `${count} more approvers`}${among}`;
}

/** The first approval of each person. */
function approvers(votes: readonly Vote[]): Vote[] {
  const seen = new Set<string>();
  return votes.filter((vote) => {
    if (vote.verdict !== 'approve' || seen.has(vote.by)) return false;
    seen.add(vote.by);
    return true;
  });
}

function needsFourEyes(findings: readonly Finding[]): boolean {
  return findings.some((finding) => finding.fourEyes === true);
}

function quoted(text: string): string {
  return `\`${visibleText(text, 80)}\``;
}
