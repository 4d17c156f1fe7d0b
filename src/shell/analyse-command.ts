import { posix } from 'node:path';
import type { Mark } from '../domain/effect';
import type { JudgeContext, Judgement } from '../domain/judgement';
import { WORKSPACE } from './sandbox-places';
import { startScope } from './scope';
import { Walker } from './walker';

/** Most findings of one command; further ones repeat what is said already. */
const MAX_FINDINGS = 20;

/**
 * What bash text would do, as far as it can be told before it runs (POLICY §4): the highest effect and all marks of its
 * parts. Parsed, never matched as a string; what cannot be told where it decides the effect is asked about. Pure, and
 * never throws: what fails here is refused.
 *
 * @param context `cwd` is relative to the workspace
 */
export function analyseCommand(text: string, context: JudgeContext & { cwd: string }): Judgement {
  const { cwd, ...settings } = context;
  const walker = new Walker(settings);
  try {
    const scope = startScope(posix.join(WORKSPACE, cwd));
    walker.runText(text, scope, { kind: 'none' }, text);
    walker.finish(scope);
  } catch {
    return {
      effect: 'sandbox',
      marks: [],
      findings: [
        {
          verdict: 'deny',
          layer: 'commands',
          rule: 'analysis-failed',
          message: 'the command could not be looked at, so it is refused; write it in a simpler way',
        },
      ],
    };
  }
  const { effect, marks, why, findings = [], approvalFlags = [], iteration } = walker.result;
  return {
    effect,
    marks: Object.keys(marks) as Mark[],
    because: { ...(why === '' ? {} : { [effect]: why }), ...marks },
    findings: distinct(findings).slice(0, MAX_FINDINGS),
    ...(iteration ? { iteration } : {}),
    approvalFlags: [
      ...new Set([...approvalFlags, ...(effect === 'production' ? (['productionAccess'] as const) : [])]),
    ],
  };
}

/** Each rule with its first few messages; a deny comes first, so that cutting never loses one. */
function distinct<T extends { verdict: string; rule: string; message: string }>(findings: readonly T[]): T[] {
  const unique = new Map(findings.map((finding) => [`${finding.rule}\n${finding.message}`, finding]));
  return [...unique.values()].sort(
    (one, other) => Number(other.verdict === 'deny') - Number(one.verdict === 'deny'),
  );
}
