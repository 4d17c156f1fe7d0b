import { Transform } from 'node:stream';

/** What stands where a secret stood, as often as it takes: lengths stay as they were told. */
const MASK = '*'.charCodeAt(0);

/** A stream whose bytes come out with secrets masked, over the edges of chunks too. */
export function maskingStream(secrets: readonly string[]): Transform {
  const needles = secrets.map((secret) => Buffer.from(secret)).filter(({ length }) => length > 0);
  // So much may be the start of a secret whose end is still to come.
  const held = Math.max(0, ...needles.map(({ length }) => length - 1));
  let rest: Buffer = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _, done) {
      const bytes = mask(Buffer.concat([rest, chunk]), needles);
      const end = Math.max(0, bytes.length - held);
      rest = bytes.subarray(end);
      done(null, bytes.subarray(0, end));
    },
    flush(done) {
      done(null, rest);
    },
  });
}

/** A text with secrets masked. */
export function masked(text: string, secrets: readonly string[]): string {
  return secrets.reduce((so, secret) => so.replaceAll(secret, '*'.repeat(secret.length)), text);
}

function mask(bytes: Buffer, needles: readonly Buffer[]): Buffer {
  const found: [start: number, end: number][] = [];
  for (const needle of needles)
    for (let at = bytes.indexOf(needle); at !== -1; at = bytes.indexOf(needle, at + 1))
      found.push([at, at + needle.length]);
  // Only then: a secret within another must not hide it.
  for (const [start, end] of found) bytes.fill(MASK, start, end);
  return bytes;
}
