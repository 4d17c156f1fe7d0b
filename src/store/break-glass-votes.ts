import type { Finding } from '../domain/decision';
import type { Vote } from './count-votes';

/**
 * What is still demanded of the votes when one of them counts by a break-glass: no role, no quorum, no four eyes. That
 * an approval is needed stays; verdicts are not touched, so that nothing denied becomes allowed.
 *
 * @param votes those counted, with the one that is being counted
 */
export function withBreakGlass(
  findings: readonly Finding[],
  votes: readonly Pick<Vote, 'verdict' | 'breakGlass'>[],
): readonly Finding[] {
  const isBroken = votes.some(({ verdict, breakGlass }) => verdict === 'approve' && breakGlass !== undefined);
  if (!isBroken) return findings;
  return findings.map(({ role: _role, quorum: _quorum, fourEyes: _fourEyes, ...finding }) => finding);
}
