import { normalizeToolName } from '../domain/permissions';
import type { PolicySnapshotContent } from '../domain/policy';
import type { Observation } from '../domain/steps';
import type { TrustedText } from './layer';

/** A word of consent grounds nothing, whatever it consented to. */
const CONSENT =
  /^\W*(?:y|yes|yep|yeah|ok|okay|sure|go ahead|please do|do it|approved?|agreed|fine|n|no)\W*$/i;

/** The texts that sensitive arguments are compared with (POLICY §6). */
export function trustedTexts(
  { prompt, answers }: TrustedText,
  { digest, settings }: Pick<PolicySnapshotContent, 'digest' | 'settings'>,
  observations: readonly Observation[],
): string[] {
  return [
    prompt,
    digest,
    ...answers.filter((answer) => !CONSENT.test(answer)),
    ...trustedResults(observations, settings).map(({ text }) => text),
  ];
}

/** What was answered by tools that the agent file trusts. */
export function trustedResults(
  observations: readonly Observation[],
  { trustedTools }: Pick<PolicySnapshotContent['settings'], 'trustedTools'>,
): Observation[] {
  const names = new Set(trustedTools.map(normalizeToolName));
  return observations.filter(({ tool }) => names.has(normalizeToolName(tool)));
}
