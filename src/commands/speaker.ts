import { GatehouseError } from '../domain/errors';
import { visibleText } from '../domain/visible-text';
import type { Word } from '../identity/word-token';
import type { CommandDependencies } from './dependencies';

/**
 * In whose name something is said: with a signer always the signer's, whatever the request says.
 *
 * @throws GatehouseError `speaker-other` when the request names somebody else
 */
export function speakerOf({ signer }: Pick<CommandDependencies, 'signer'>, by?: string): string | undefined {
  if (!signer) return by;
  if (by !== undefined && by !== signer.person)
    throw new GatehouseError(
      'speaker-other',
      `\`${visibleText(signer.person, 80)}\` signs, and cannot speak for \`${visibleText(by, 80)}\``,
    );
  return signer.person;
}

/** The signature of a word, where there is somebody to sign. */
export function signatureOf(
  { signer }: Pick<CommandDependencies, 'signer'>,
  word: () => Word,
): { signature?: string } {
  return signer ? { signature: signer.sign(word()) } : {};
}
