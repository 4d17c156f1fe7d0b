/**
 * Which characters of a text pass for others: letters of another script within a word (`pаypal` with a Cyrillic `а`),
 * words made of nothing but such letters, and forms of ASCII characters that are not them (`𝐩`, `ｐ`, `∕`).
 *
 * Words of one script are left alone, whatever the script, and so are the mixtures that people write: Latin with Chinese,
 * Japanese or Korean, and Greek symbols of units and mathematics.
 *
 * @returns positions among the text's characters (code points)
 */
export function lookAlikes(characters: readonly string[]): ReadonlySet<number> {
  const found = new Set<number>();
  if (characters.every((character) => character < '\u0080')) return found;
  const alphabets = new Set(
    characters.filter((character) => !PASSES_FOR_LATIN.has(character)).map(mixableScript),
  );
  for (const [start, end] of runsOf(characters, IN_TOKEN)) {
    const token = characters.slice(start, end);
    const hasLatin = token.some((character) => LATIN.test(character));
    for (const [from, to] of runsOf(token, IN_WORD)) {
      const word = token.slice(from, to);
      for (const index of lookAlikesOfWord(word, { hasLatin, alphabets })) found.add(start + from + index);
    }
  }
  characters.forEach((character, index) => {
    if (ASCII_FORM.test(character)) found.add(index);
  });
  return found;
}

const LATIN = /\p{Script=Latin}/u;
const IN_WORD = /[\p{L}\p{M}\p{Nd}]/u;
/** What holds words together in names, paths and addresses. */
const IN_TOKEN = /[\p{L}\p{M}\p{Nd}._\-/@:]/u;

/** Scripts with letters that pass for Latin ones. */
const MIXABLE = [
  'Cyrillic',
  'Greek',
  'Armenian',
  'Cherokee',
  'Coptic',
  'Lisu',
  'Georgian',
  'Hebrew',
] as const;
const MIXABLE_TESTS = MIXABLE.map((name) => [name, new RegExp(`\\p{Script=${name}}`, 'u')] as const);

/** Letters of those scripts that are drawn as Latin ones are. */
const PASSES_FOR_LATIN = new Set(
  'аеорсухіјѕһԁԛԝүӏАВЕКМНОРСТУХІЈЅҮԌԚԜӀΑΒΕΖΗΙΚΜΝΟΡΤΥΧανορυχιкгпитмвзЗбьղօոսհցգᎪᏴᏟᎠᎬᏀᎻᎥᎫᏦᏞᎷΝᏢᏒᏚᎢᏙᎳᏃ',
);

/** Greek letters that people write among Latin ones and that pass for none. */
const SYMBOL = /[ΔΘΛΞΠΣΦΨΩδθλμξπφψω]/u;

/** Forms of ASCII characters: full-width, mathematical and letter-like letters and digits, dots and slashes. */
const ASCII_FORM =
  /[\uFF10-\uFF19\uFF21-\uFF3A\uFF41-\uFF5A\uFF0E\uFF0F\uFF3C\uFF20\u{1D400}-\u{1D7FF}\u2102\u210A-\u2115\u2119-\u211D\u2124\u2128-\u2138\u2160-\u217F\u24B6-\u24E9\u212A\u2044\u2215\u29F8\u2024\u01C0\u01C3\u0251\u0261]/u;

function lookAlikesOfWord(
  word: readonly string[],
  { hasLatin, alphabets }: { hasLatin: boolean; alphabets: ReadonlySet<string | null> },
): number[] {
  const scripts = word.map(mixableScript);
  const foreign = word.flatMap((character, index) =>
    scripts[index] !== null && !SYMBOL.test(character) ? [index] : [],
  );
  if (foreign.length === 0) return [];
  if (word.some((character) => LATIN.test(character))) return foreign;
  const names = new Set(foreign.map((index) => scripts[index]));
  // Two alphabets in one word: nobody writes so, and none of them can be told to be the guest.
  if (names.size > 1) return foreign;
  const isDisguise = foreign.every((index) => PASSES_FOR_LATIN.has(word[index]!));
  const [script = null] = names;
  return isDisguise && (hasLatin || !alphabets.has(script)) ? foreign : [];
}

function mixableScript(character: string): string | null {
  if (character < '\u0080') return null;
  return MIXABLE_TESTS.find(([, test]) => test.test(character))?.[0] ?? null;
}

/** Longest stretches of characters that match, as `[start, end)`. */
function runsOf(characters: readonly string[], test: RegExp): [number, number][] {
  const runs: [number, number][] = [];
  let start = -1;
  for (let index = 0; index <= characters.length; index++) {
    const character = characters[index];
    const isIn = character !== undefined && test.test(character);
    if (isIn && start < 0) start = index;
    if (!isIn && start >= 0) {
      runs.push([start, index]);
      start = -1;
    }
  }
  return runs;
}
