/** What stands where a secret stood. */
export const MASK = '[masked]';

/** Takes secrets out of texts. */
export interface SecretMask {
  /**
   * The text with every secret masked: as it is, in base64 at any offset, in hexadecimal, escaped for URLs, JSON, shells or
   * C, backwards, in any case, and split by anything but letters and digits. Parts count from twelve characters on.
   *
   * @param isCut whether the text was cut off at its end, so that the beginning of a secret may stand there
   */
  mask(text: string, isCut?: boolean): string;
}

// Letters and digits decide, in one case: what programs put between them (line ends, quotes, commas, escapes) does not.
// Every stretch of a secret's spellings of a certain length is known, so that parts of secrets are found as well.

/** @param secrets shorter ones than eight characters cannot be told from other text, and are not looked for */
export function createSecretMask(secrets: readonly string[]): SecretMask {
  const whole = secrets.filter((secret) => secret.length >= MIN_LENGTH);
  const spellings = whole.flatMap(spellingsOf).filter(({ text }) => text.length >= MIN_KEPT);
  const stretches = stretchesOf(spellings);

  return {
    mask(text, isCut = false) {
      if (whole.length === 0) return text;
      const kept = keep(text);
      const placed = ([from, to]: Range): Range => [kept.places[from] ?? 0, (kept.places[to - 1] ?? 0) + 1];
      const found = [...stretches].flatMap(([length, each]) => {
        const ranges = rangesIn(kept.text, length, each).map(placed);
        return length === PART.base64 ? ranges.map((range) => withEdges(text, range)) : ranges;
      });
      if (isCut) found.push(...tailIn(kept.text, spellings).map(placed));
      return replaced(text, [...found, ...whole.flatMap((secret) => exactIn(text, secret))]);
    },
  };
}

type Range = readonly [from: number, to: number];

interface Spelling {
  /** Only what is kept of it. */
  text: string;
  /** From which length on a part of it is a part of the secret. */
  part: number;
}

interface Stretches {
  texts: Set<string>;
  /** By the first three characters: whether it is worth a closer look. */
  starts: Uint8Array;
}

const MIN_LENGTH = 8;
/** Kept characters that must be left of a spelling. */
const MIN_KEPT = 6;
/** Of a text cut off, the shortest end that is taken for a secret's beginning. */
const MIN_TAIL = 4;
const PART = { text: 12, base64: 16, hexadecimal: 24, escaped: 36 } as const;

function spellingsOf(secret: string): Spelling[] {
  const content = secret.replace(/-----[A-Z ]+-----/g, '');
  const bytes = Buffer.from(content);
  // Words occur elsewhere too: of a secret made of them only the whole counts.
  const looksRandom = content.length >= 20 && (content.match(/\d/g) ?? []).length >= 2;
  const texts = [content, encodeURIComponent(wellFormed(content)), JSON.stringify(content)].map(
    (each) => keep(each).text,
  );
  const hexadecimal = bytes.toString('hex');
  const pairs = hexadecimal.match(/../g) ?? [];
  return [
    ...texts.flatMap((text) => {
      const part = looksRandom ? PART.text : text.length;
      return [text, [...text].reverse().join('')].map((each) => ({ text: each, part }));
    }),
    ...[0, 1, 2].map((offset) => ({ text: keep(base64At(bytes, offset)).text, part: PART.base64 })),
    { text: hexadecimal, part: PART.hexadecimal },
    ...['x', '0x'].map((mark) => ({ text: pairs.map((pair) => mark + pair).join(''), part: PART.escaped })),
  ];
}

/** What base64 makes of bytes that `offset` unknown ones precede and others follow: the characters they alone decide. */
function base64At(bytes: Buffer, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
  return text.slice(Math.ceil((8 * offset) / 6), Math.floor((8 * (offset + bytes.length)) / 6));
}

function wellFormed(text: string): string {
  return Buffer.from(text).toString('utf8');
}

/** Letters and digits in lower case, whatever is not ASCII, and where each stood. */
function keep(text: string): { text: string; places: Uint32Array } {
  const codes = new Uint16Array(text.length);
  const places = new Uint32Array(text.length);
  let length = 0;
  for (let place = 0; place < text.length; place++) {
    const code = text.charCodeAt(place);
    const isUpper = code >= 65 && code <= 90;
    if (!isUpper && !(code >= 97 && code <= 122) && !(code >= 48 && code <= 57) && code < 128) continue;
    codes[length] = isUpper ? code + 32 : code;
    places[length] = place;
    length++;
  }
  return {
    text: Buffer.from(codes.buffer, 0, 2 * length).toString('utf16le'),
    places: places.subarray(0, length),
  };
}

function stretchesOf(spellings: readonly Spelling[]): Map<number, Stretches> {
  const byLength = new Map<number, Stretches>();
  for (const { text, part } of spellings) {
    const length = Math.min(part, text.length);
    const known = byLength.get(length) ?? { texts: new Set<string>(), starts: new Uint8Array(65_536) };
    byLength.set(length, known);
    for (let start = 0; start + length <= text.length; start++) {
      known.texts.add(text.slice(start, start + length));
      known.starts[startHash(text, start)] = 1;
    }
  }
  return byLength;
}

function startHash(text: string, at: number): number {
  return (text.charCodeAt(at) * 961 + text.charCodeAt(at + 1) * 31 + text.charCodeAt(at + 2)) & 0xffff;
}

function rangesIn(text: string, length: number, { texts, starts }: Stretches): Range[] {
  const ranges: Range[] = [];
  for (let start = 0; start + length <= text.length; start++)
    if (starts[startHash(text, start)] === 1 && texts.has(text.slice(start, start + length)))
      ranges.push([start, start + length]);
  return ranges;
}

/** The characters of base64 at either end that a secret decides in part. */
function withEdges(text: string, [from, to]: Range): Range {
  const isBase64 = (place: number) => /[\w+/-]/.test(text[place] ?? ' ');
  let [start, end] = [from, to];
  while (start > from - 2 && isBase64(start - 1)) start--;
  while (end < to + 2 && isBase64(end)) end++;
  return [start, end];
}

/** The longest end of a text that is a beginning of a spelling. */
function tailIn(text: string, spellings: readonly Spelling[]): Range[] {
  const longest = Math.max(0, ...spellings.map((each) => Math.min(each.part, each.text.length)));
  for (let length = Math.min(longest, text.length); length >= MIN_TAIL; length--) {
    const end = text.slice(-length);
    if (spellings.some((each) => each.text.includes(end))) return [[text.length - length, text.length]];
  }
  return [];
}

function exactIn(text: string, secret: string): Range[] {
  const ranges: Range[] = [];
  for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + 1))
    ranges.push([at, at + secret.length]);
  return ranges;
}

function replaced(text: string, ranges: Range[]): string {
  if (ranges.length === 0) return text;
  const sorted = ranges.sort(([one], [other]) => one - other);
  let result = '';
  let done = 0;
  let isMasked = false;
  for (const [from, to] of sorted) {
    // Stretches that touch are one secret.
    if (from > done || !isMasked) result += text.slice(done, Math.max(from, done)) + MASK;
    isMasked = true;
    done = Math.max(done, to);
  }
  return result + text.slice(done);
}
