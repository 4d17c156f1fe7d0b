/**
 * Text of a model or tool as people may see it: control, bidirectional and other invisible characters become
 * `\u{…}`, line breaks `⏎`, and it is cut.
 *
 * @param maxLength in characters, the cut's mark included
 */
export function visibleText(text: string, maxLength = 2_000): string {
  // Most text is plain.
  if (text.length <= maxLength && /^[ -~]*$/.test(text)) return text;
  const characters = Array.from(text.slice(0, maxLength * 2));
  const cut = characters.length > maxLength || text.length > maxLength * 2;
  const kept = cut ? characters.slice(0, Math.max(0, maxLength - 1)) : characters;
  return kept.map(visible).join('') + (cut ? '…' : '');
}

/** As {@link visibleText}, line by line: line breaks stay. */
export function visibleLines(text: string, maxLength = 20_000): string {
  return text
    .slice(0, maxLength)
    .split('\n')
    .map((line) => visibleText(line.replace(/\r$/, '').replaceAll('\t', '  '), maxLength))
    .join('\n');
}

// Control (Cc), format (Cf: bidirectional overrides, zero-width), private use, surrogates, line separators, spaces that
// are not the space, and letters and marks that show nothing (fillers, joiners, variation selectors, blank Braille).
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/u;

function visible(character: string): string {
  if (character === '\n') return '⏎';
  if (character === '\t') return ' ';
  return INVISIBLE.test(character) ? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}` : character;
}
