import { sha256 } from '../domain/hashing';

/**
 * Encloses untrusted text in delimiters that it cannot close: their key is taken from the hash of the text, and no
 * text can be written to contain its own hash. Without randomness, so that a retry shows the model the same bytes.
 *
 * @param source what the text is, for the model to read; must itself be trusted
 */
export function markAsData(source: string, text: string): string {
  const key = sha256(text).slice(0, 16);
  return `<data-${key} source="${source}">\n${text}\n</data-${key}>`;
}
