import type { PolicyFile } from '../policy-file';
import { type Bullet, bulletsOf, bulletsQuoted } from './bullets';
import { quotesOf, ruleShapes } from './rule-shape';

/** A bullet of a policy and the rules that say they enforce it. */
export interface ClaimedBullet extends Bullet {
  /** Ids of the rules; none for one that only advises. */
  rules: string[];
}

/**
 * What the rules of a policy claim to enforce, bullet by bullet. Whether a claim holds is for tests to show, which stand
 * beside the policy's file.
 */
export function claimsOf({ name, version, content }: PolicyFile): ClaimedBullet[] {
  const bullets = bulletsOf(content);
  const claimed = new Map(bullets.map((bullet): [Bullet, string[]] => [bullet, []]));
  for (const rule of ruleShapes({ name, version, content, file: name, firstLine: 1 }))
    for (const quote of quotesOf(rule)) {
      const found = bulletsQuoted(bullets, quote);
      if (found.length === 1) claimed.get(found[0]!)?.push(rule.id);
    }
  return bullets.map((bullet) => ({ ...bullet, rules: [...new Set(claimed.get(bullet))] }));
}
