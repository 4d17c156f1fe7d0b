/** Looks for secrets in what is to leave a workspace. */
export interface SecretFinder {
  /** Whether one stands in these bytes: as it is, in base64 at any offset, or escaped for a URL or JSON. */
  isIn(bytes: Uint8Array): boolean;
}

/**
 * Exact spellings only, other than what masks outputs: a file that is taken for a secret's would be kept from people.
 *
 * @returns null where no secret is distinctive enough to be told from ordinary text
 */
export function createSecretFinder(secrets: readonly string[]): SecretFinder | null {
  const needles = [...new Set(secrets.filter(isDistinctive).flatMap(spellingsOf))];
  if (needles.length === 0) return null;
  return {
    isIn(bytes) {
      // One character for each byte, so that nothing is invalid; base64 may be split over lines.
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
      const joined = text.replace(/[\r\n]+/g, '');
      return needles.some((needle) => text.includes(needle) || joined.includes(needle));
    },
  };
}

const MIN_LENGTH = 12;
const MIN_LENGTH_OF_WORDS = 16;

/** A word of a dictionary may stand anywhere. */
function isDistinctive(secret: string): boolean {
  return secret.length >= MIN_LENGTH_OF_WORDS || (secret.length >= MIN_LENGTH && /\d/.test(secret));
}

function spellingsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const plain = [secret, encodeURIComponent(bytes.toString('utf8')), JSON.stringify(secret).slice(1, -1)];
  return [
    ...plain.flatMap((each) => [
      Buffer.from(each).toString('latin1'),
      Buffer.from(each.replace(/[\r\n]+/g, '')).toString('latin1'),
    ]),
    ...[0, 1, 2].flatMap((offset) => base64At(bytes, offset)),
  ];
}

/** The characters that the bytes alone decide, whatever precedes and follows them. */
function base64At(bytes: Buffer, offset: number): string[] {
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
  const own = text.slice(Math.ceil((8 * offset) / 6), Math.floor((8 * (offset + bytes.length)) / 6));
  return [own, own.replaceAll('+', '-').replaceAll('/', '_')];
}
