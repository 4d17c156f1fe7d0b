import type { PolicyLayer } from './layer';

const MAX_DRIFT_ITERATIONS = 10;

/** What holds when a model ignores its prompt rules: validate before a pull request, and no endless drift loop. */
export const promptRulesLayer: PolicyLayer = ({ tool, judgement }, { facts }) => {
  if (!facts) return [];
  // By its flag, so that a command that opens one counts too.
  const opensPullRequest = tool.name === 'create-pr' || judgement.approvalFlags?.includes('prCreation');
  if (opensPullRequest && facts.lastValidateStep <= facts.lastWriteStep)
    return [
      {
        verdict: 'deny',
        layer: 'tools',
        rule: 'validate-before-pr',
        message:
          'a pull request needs a successful `validate` newer than the last write; run `validate` first',
      },
    ];
  if (judgement.iteration !== undefined && facts.driftIterations >= MAX_DRIFT_ITERATIONS)
    return [
      {
        verdict: 'deny',
        layer: 'tools',
        rule: 'drift-iterations',
        message: `plan and apply were repeated ${MAX_DRIFT_ITERATIONS} times in this run; stop and report`,
      },
    ];
  return [];
};
