import { lookAlikes } from './look-alikes';

/**
 * Text of a model or tool as people may see it: control, bidirectional and other invisible characters and letters that
 * pass for others become `\u{…}`, line breaks `⏎`, and it is cut.
 *
 * @param maxLength in characters, the cut's mark included
 */
export function visibleText(text: string, maxLength = 2_000): string {
  // Most text is plain.
  if (text.length <= maxLength && /^[ -~]*$/.test(text)) return text;
  return visiblePieces(text, maxLength)
    .map((piece) => piece.text)
    .join('');
}

/** As {@link visibleText}, line by line: line breaks stay. */
export function visibleLines(text: string, maxLength = 20_000): string {
  return linesOf(text, maxLength)
    .map((line) => visibleText(line, maxLength))
    .join('\n');
}

/** A stretch of visible text; what stands for characters that could not be shown as they are is apart. */
export interface VisiblePiece {
  text: string;
  isEscaped: boolean;
}

/** As {@link visibleText}, in pieces: `\u{…}` that was made can be told from one that was written. */
export function visiblePieces(text: string, maxLength = 2_000): VisiblePiece[] {
  const characters = Array.from(text.slice(0, maxLength * 2));
  const cut = characters.length > maxLength || text.length > maxLength * 2;
  const kept = cut ? characters.slice(0, Math.max(0, maxLength - 1)) : characters;
  const disguised = lookAlikes(kept);
  const pieces: VisiblePiece[] = [];
  const add = (piece: string, isEscaped: boolean) => {
    const last = pieces.at(-1);
    if (last && last.isEscaped === isEscaped) last.text += piece;
    else pieces.push({ text: piece, isEscaped });
  };
  kept.forEach((character, index) => {
    if (character === '\n') add('⏎', false);
    else if (character === '\t') add(' ', false);
    else if (disguised.has(index) || INVISIBLE.test(character))
      add(`\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`, true);
    else add(character, false);
  });
  if (cut) add('…', false);
  return pieces;
}

/** As {@link visibleLines}, in pieces. */
export function visibleLinePieces(text: string, maxLength = 20_000): VisiblePiece[][] {
  return linesOf(text, maxLength).map((line) => visiblePieces(line, maxLength));
}

function linesOf(text: string, maxLength: number): string[] {
  return text
    .slice(0, maxLength)
    .split('\n')
    .map((line) => line.replace(/\r$/, '').replaceAll('\t', '  '));
}

// Control (Cc), format (Cf: bidirectional overrides, zero-width), private use, surrogates, line separators, spaces that
// are not the space, and letters and marks that show nothing (fillers, joiners, variation selectors, blank Braille).
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/u;
