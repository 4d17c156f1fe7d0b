import type { Finding } from '../domain/decision';
import { type Effect, LOWEST_TIER, MARK_VERDICT, type Mark } from '../domain/effect';
import { tierName } from '../domain/tier';
import type { PolicyLayer } from './layer';

/**
 * The table of tiers and effects: below its lowest tier a call is denied, never asked; production always asks; marks
 * ask or deny where the effect itself is open.
 */
export const tierLayer: PolicyLayer = ({ tool, judgement }, { snapshot }) => {
  // A question to a person is open at every tier. By effect too: `policy eval` lets a file replace a built-in tool.
  if (tool.name === 'ask-user' && judgement.effect === 'read' && judgement.marks.length === 0)
    return [allow('ask-user', 'asking a person is open at every tier')];
  const { tier } = snapshot.permissions;
  const { effect } = judgement;
  const lowest = LOWEST_TIER[effect];
  const because = (of: Effect | Mark) => (judgement.because?.[of] ? `: ${judgement.because[of]}` : '');
  const marks = judgement.marks.map((mark): Finding => {
    // A mark this release does not know denies.
    const verdict = MARK_VERDICT[mark] ?? 'deny';
    return { verdict, layer: 'tier', rule: mark, message: `the call is marked \`${mark}\`${because(mark)}` };
  });
  // Written so that an effect this release does not know is refused too.
  if (!(tier >= lowest))
    return [
      {
        verdict: 'deny',
        layer: 'tier',
        rule: effect,
        message:
          lowest === undefined
            ? `effect \`${effect}\` is unknown`
            : `effect \`${effect}\` needs tier ${tierName(lowest)}; this agent has ${tierName(tier)}${because(effect)}`,
      },
      ...marks.filter((finding) => finding.verdict === 'deny'),
    ];
  if (effect === 'production')
    return [
      {
        verdict: 'ask',
        layer: 'tier',
        rule: effect,
        message: `every production call needs a person${because(effect)}`,
      },
      ...marks,
    ];
  return [allow(effect, `effect \`${effect}\` is open at tier ${tierName(tier)}`), ...marks];
};

function allow(rule: string, message: string): Finding {
  return { verdict: 'allow', layer: 'tier', rule, message };
}
