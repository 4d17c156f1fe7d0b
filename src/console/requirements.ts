import type { Finding } from '../domain/decision';
import type { Vote } from '../domain/vote';
import type { StoredApproval } from '../store/approval-store';

/** What an approval needs, and what it has. */
export interface Requirements {
  quorum: number;
  /** Each must be held by somebody who approves. */
  roles: string[];
  /** Whoever asked for the run does not count. */
  fourEyes: boolean;
  approvedBy: string[];
}

/** One approval shows all its findings and needs the largest quorum and every role among them. */
export function requirementsOf({
  findings,
  votes,
}: Pick<StoredApproval, 'findings' | 'votes'>): Requirements {
  return {
    quorum: Math.max(1, ...findings.map(({ quorum = 1 }) => quorum)),
    roles: rolesOf(findings),
    fourEyes: findings.some(({ fourEyes }) => fourEyes === true),
    approvedBy: approversOf(votes),
  };
}

function rolesOf(findings: readonly Finding[]): string[] {
  return [...new Set(findings.flatMap(({ role }) => (role === undefined ? [] : [role])))];
}

function approversOf(votes: readonly Vote[]): string[] {
  return [...new Set(votes.filter(({ verdict }) => verdict === 'approve').map(({ by }) => by))];
}
