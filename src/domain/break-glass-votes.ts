import type { Poll } from './count-votes';
import type { Vote } from './vote';

/**
 * What votes are counted by when one of them counts by a break-glass: no role, no quorum, no four eyes. That an approval
 * is needed stays, and so do verdicts: nothing denied becomes allowed.
 *
 * @param votes those counted, with the one that is being counted
 */
export function withBreakGlass(poll: Poll, votes: readonly Pick<Vote, 'verdict' | 'breakGlass'>[]): Poll {
  if (!votes.some(({ verdict, breakGlass }) => verdict === 'approve' && breakGlass !== undefined))
    return poll;
  return {
    ...poll,
    findings: poll.findings.map(
      ({ role: _role, quorum: _quorum, fourEyes: _fourEyes, ...finding }) => finding,
    ),
  };
}
