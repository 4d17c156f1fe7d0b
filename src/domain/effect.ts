import { AutonomyTier } from './tier';

/** What a call does to the world, weakest first. */
export const effects = ['read', 'propose', 'draft', 'sandbox', 'production'] as const;
export type Effect = (typeof effects)[number];

/** What an analysis adds to an effect. */
export const marks = ['destructive', 'catastrophic', 'host-read', 'secret', 'network'] as const;
export type Mark = (typeof marks)[number];

/** The lowest tier at which an effect is open: below it a call is denied, never asked. */
export const LOWEST_TIER: Record<Effect, AutonomyTier> = {
  read: AutonomyTier.OBSERVE,
  propose: AutonomyTier.RECOMMEND,
  draft: AutonomyTier.DRAFT,
  sandbox: AutonomyTier.SANDBOX,
  production: AutonomyTier.PROD_GATED,
};

/** What a mark demands at every tier at which the effect itself is open. A mark never turns a deny into an ask. */
export const MARK_VERDICT: Record<Mark, 'ask' | 'deny'> = {
  destructive: 'ask',
  catastrophic: 'deny',
  'host-read': 'ask',
  secret: 'ask',
  network: 'ask',
};

/** The stronger of two effects: a compound call has the highest effect of its parts. */
export function strongerEffect(one: Effect, other: Effect): Effect {
  return effects.indexOf(one) >= effects.indexOf(other) ? one : other;
}
