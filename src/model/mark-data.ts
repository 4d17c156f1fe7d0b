import { sha256 } from '../domain/hashing';

/**
 * Encloses untrusted text in delimiters that it cannot close: their key is taken from the hash of the text, and no
 * text can be written to contain its own hash. Without randomness, so that a retry shows the model the same bytes.
 * A delimiter of our form within the text is escaped as well: a model might not compare keys.
 *
 * @param source what the text is, for the model to read; must itself be trusted
 */
export function markAsData(source: string, text: string): string {
  const key = sha256(text).slice(0, 16);
  const escaped = text.replace(/<(?=\s*\/?\s*data\s*-)/gi, '&lt;');
  return `<data-${key} source="${source}">\n${escaped}\n</data-${key}>`;
}
