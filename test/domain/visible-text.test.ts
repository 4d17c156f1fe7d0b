import fc from 'fast-check';
import { visibleLines, visiblePieces, visibleText } from '../../src/domain/visible-text';

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

test.each([
  ['a Cyrillic letter in a Latin word', 'p\u0430ypal.com', 'p\\u{430}ypal.com'],
  ['a Greek letter in a Latin word', 'kube\u03bfctl', 'kube\\u{3bf}ctl'],
  ['a name wholly of Cyrillic look-alikes', '\u0440\u0430\u0443.com', '\\u{440}\\u{430}\\u{443}.com'],
  [
    'a word of look-alikes in Latin text',
    'delete \u0441\u043e\u0440 now',
    'delete \\u{441}\\u{43e}\\u{440} now',
  ],
  ['a full-width letter', 'r\uff4d -rf', 'r\\u{ff4d} -rf'],
  ['a mathematical letter', '\u{1d429}ay', '\\u{1d429}ay'],
  ['a Kelvin sign', '\u212aubectl', '\\u{212a}ubectl'],
  ['a division slash', 'evil.com\u2215x', 'evil.com\\u{2215}x'],
  ['two alphabets in one word', '\u0436\u03b1', '\\u{436}\\u{3b1}'],
])('%s is shown', (_what, text, shown) => {
  expect(visibleText(text)).toBe(shown);
});

test.each([
  'съешь ещё этих мягких французских булок',
  'Ω 5 kΩ, Δx = λ',
  'docs/кошка.md',
  'Ελληνικά',
  '株式会社Gatehouse',
  'naïve façade, ½ m², 20 ℃ …',
])('"%s" hides nothing and stays as it is', (text) => {
  expect(visibleText(text)).toBe(text);
});

test('an escape that was made is told from one that was written', () => {
  expect(visiblePieces('\\u{202e}\u202e!')).toEqual([
    { text: '\\u{202e}', isEscaped: false },
    { text: '\\u{202e}', isEscaped: true },
    { text: '!', isEscaped: false },
  ]);
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
