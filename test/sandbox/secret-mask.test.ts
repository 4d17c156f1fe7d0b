import fc from 'fast-check';
import { createSecretMask, MASK } from '../../src/sandbox/secret-mask';

/** What providers give: long, with digits. */
const secrets = fc
  .uint8Array({ minLength: 24, maxLength: 60 })
  .map((bytes) => `T0k3n${Buffer.from(bytes).toString('base64')}`);
/** Text around it that no spelling can begin or go on with. */
const around = fc.stringMatching(/^[ .,:;#\n-]{0,20}$/);

const SPELLINGS: Record<string, (secret: string) => string> = {
  'as it is': (secret) => secret,
  'in base64': (secret) => Buffer.from(secret).toString('base64'),
  'in base64, one byte late': (secret) => Buffer.from(`x${secret}`).toString('base64'),
  'in base64, two bytes late and with more after it': (secret) =>
    Buffer.from(`xy${secret}zzz`).toString('base64'),
  'in base64 for URLs': (secret) => Buffer.from(`x${secret}`).toString('base64url'),
  'in base64 in short lines': (secret) =>
    Buffer.from(`xy${secret}`).toString('base64').replace(/.{19}/g, '$&\n'),
  'in hexadecimal': (secret) => Buffer.from(secret).toString('hex'),
  'in capital hexadecimal with colons': (secret) =>
    Buffer.from(secret).toString('hex').toUpperCase().replace(/..\B/g, '$&:'),
  'escaped for C': (secret) => [...Buffer.from(secret)].map((byte) => `\\x${byte.toString(16)}`).join(''),
  'escaped for a URL': encodeURIComponent,
  'wholly escaped for a URL': (secret) =>
    [...Buffer.from(secret)].map((byte) => `%${byte.toString(16)}`).join(''),
  'as JSON': (secret) => JSON.stringify([secret]),
  'a letter a line': (secret) => [...secret].join('\n'),
  'as a list of letters': (secret) => JSON.stringify([...secret]),
  'in lines of ten': (secret) => secret.replace(/.{10}/g, '$&\r\n'),
  backwards: (secret) => [...secret].reverse().join(''),
  'in capitals': (secret) => secret.toUpperCase(),
};

describe.each(Object.entries(SPELLINGS))('a secret %s', (_, spell) => {
  test('is masked wherever it stands', () => {
    fc.assert(
      fc.property(secrets, around, around, (secret, before, after) => {
        const spelled = spell(secret);
        const masked = createSecretMask([secret]).mask(`${before}${spelled}${after}`);
        expect(masked).toContain(MASK);
        expect(longestShared(masked.replaceAll(MASK, '#'), spelled)).toBeLessThan(
          12 * widthOf(spelled, secret),
        );
      }),
      { numRuns: 50 },
    );
  });
});

/** Characters of the spelling for each of the secret. */
function widthOf(spelled: string, secret: string): number {
  return Math.max(1, spelled.length / secret.length);
}

/** Length of the longest stretch of `text` that stands in `spelled`. */
function longestShared(text: string, spelled: string): number {
  let longest = 0;
  for (let from = 0; from < text.length; from++)
    while (from + longest < text.length && spelled.includes(text.slice(from, from + longest + 1))) longest++;
  return longest;
}

test('a part of a secret is masked, and what is cut off at the end of a text', () => {
  const mask = createSecretMask(['Zx7Qm4Lw9Vb2Kt6Np3Rd8']);
  expect(mask.mask('it begins with Zx7Qm4Lw9Vb2Kt')).toBe(`it begins with ${MASK}`);
  expect(mask.mask('and ends Zx7Qm4')).toBe('and ends Zx7Qm4');
  expect(mask.mask('and ends Zx7Qm4', true)).toBe(`and ends ${MASK}`);
});

test('lines of a key in PEM are masked one by one, and its frame stays', () => {
  const lines = ['MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcw', 'ggSjAgEAAoIBAQC7VJTUt9Us8cKjMzEfYyji'];
  const pem = `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----`;
  const mask = createSecretMask([pem]);
  expect(mask.mask(`-----BEGIN PRIVATE KEY-----\n${lines[1]}\n`)).toBe(
    `-----BEGIN PRIVATE KEY-----\n${MASK}\n`,
  );
  expect(mask.mask('a PRIVATE KEY begins')).toBe('a PRIVATE KEY begins');
});

test('other text stays as it is', () => {
  fc.assert(
    fc.property(
      secrets,
      fc.lorem({ mode: 'sentences', maxCount: 20 }),
      fc.string(),
      (secret, prose, text) => {
        const mask = createSecretMask([secret, 'development-password']);
        expect(mask.mask(`${prose} in development, with a password. ${text}`)).toBe(
          `${prose} in development, with a password. ${text}`,
        );
      },
    ),
  );
});

test('a secret of words is masked as a whole', () => {
  expect(createSecretMask(['development-password']).mask('it is development-password!')).toBe(
    `it is ${MASK}!`,
  );
});

test('a secret of signs alone is masked as it is', () => {
  expect(createSecretMask(['!!!$$$%%%&&&']).mask('say !!!$$$%%%&&& now')).toBe(`say ${MASK} now`);
});

test('a megabyte is masked in a moment', () => {
  const mask = createSecretMask(
    Array.from({ length: 10 }, (_, index) => `Zx7Qm4Lw9Vb2Kt6Np3Rd8${index}`.repeat(10)),
  );
  const text = 'all work and no play makes 1 dull boy; '.repeat(27_000);
  const before = process.cpuUsage();
  expect(mask.mask(text)).toBe(text);
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1000).toBeLessThan(1_500);
});
