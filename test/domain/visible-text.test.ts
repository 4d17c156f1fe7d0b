import fc from 'fast-check';
import { visibleLines, visibleText } from '../../src/domain/visible-text';

const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}]/u;
const anyText = fc.string({ unit: 'binary', maxLength: 200 });

test('no control, bidirectional or other hidden character is left', () => {
  fc.assert(fc.property(anyText, (text) => expect(visibleText(text)).not.toMatch(HIDDEN)));
  fc.assert(
    fc.property(anyText, (text) => {
      for (const line of visibleLines(text).split('\n')) expect(line).not.toMatch(HIDDEN);
    }),
  );
});

test.each([
  ['a right-to-left override', 'a\u202eb', 'a\\u{202e}b'],
  ['an escape sequence', '\u001b[31mred', '\\u{1b}[31mred'],
  ['a zero-width space', 'pay\u200bpal', 'pay\\u{200b}pal'],
  ['half a character', 'a\ud800', 'a\\u{d800}'],
  ['a Hangul filler', 'a\u3164b', 'a\\u{3164}b'],
  ['a variation selector', 'a\ufe0fb', 'a\\u{fe0f}b'],
  ['blank Braille', 'a\u2800b', 'a\\u{2800}b'],
  ['a no-break space', 'a\u00a0b', 'a\\u{a0}b'],
  ['a language tag', 'a\u{e0041}b', 'a\\u{e0041}b'],
  ['a line break', 'a\nb', 'a⏎b'],
])('%s is shown', (_what, text, shown) => {
  expect(visibleText(text)).toBe(shown);
});

test('ordinary text of any language stays as it is', () => {
  const text = 'größe: 10 µm, 日本語, кошка, 🙂';
  expect(visibleText(text)).toBe(text);
});

test('long text is cut to the length asked for, its mark included', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme-ascii' }), fc.integer({ min: 1, max: 50 }), (text, length) => {
      const shown = visibleText(text, length);
      expect(Array.from(shown).length).toBeLessThanOrEqual(length);
      if (text.length > length) expect(shown.endsWith('…')).toBe(true);
      else expect(shown).toBe(text);
    }),
  );
});
