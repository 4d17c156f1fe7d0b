/** A policy of AWS, as far as it is looked at here. */
export interface SessionPolicy {
  Statement: readonly Record<string, unknown>[];
}

/** AWS's own policy for reading: what remains of a role where a credential for reading says nothing else. */
export const READ_ONLY_ACCESS = 'arn:aws:iam::aws:policy/ReadOnlyAccess';

/** Verbs that only look. */
const READING =
  /^[a-z0-9-]+:(Get|List|Describe|Head|BatchGet|Query|Scan|Search|Lookup|View|Select|Check|Estimate)[A-Za-z]*\*?$/;

/** What a policy allows beyond reading: a wildcard that could mean more counts, and so does what is allowed by exception. */
export function wideningActions({ Statement }: SessionPolicy): string[] {
  return Statement.filter(({ Effect }) => Effect !== 'Deny').flatMap(({ Action, NotAction }) => {
    if (NotAction !== undefined || Action === undefined) return ['everything but some actions'];
    const actions: unknown[] = Array.isArray(Action) ? Action : [Action];
    return actions
      .filter((each) => typeof each !== 'string' || !READING.test(each))
      .map((each) => `\`${String(each)}\``);
  });
}
