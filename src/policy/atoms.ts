import { dateAt, groupedIbanAt, groupedNumberAt, numberAt, timeAt, type Written } from './written-values';

/** The smallest whole thing in a text that somebody may have meant: a word, an address, a number, a date. */
export interface Atom {
  /** Names of what it is; two atoms are the same when they share one. */
  keys: readonly string[];
  /** Whether something whole begins or ends here: `check-up` is two atoms, and neither alone is the whole. */
  isStart: boolean;
  isEnd: boolean;
}

/**
 * Splits a text into atoms, so that what differs only in writing compares equal: case, spaces, quotes, the grouping of
 * numbers and IBANs, how dates and amounts are written, and what follows the host of a URL.
 *
 * Letters that only look alike stay different, and so do invisible characters: nothing is mapped to a compatible form.
 */
export function atomsOf(text: string): Atom[] {
  const lower = lowerCase(text);
  const atoms: Atom[] = [];
  let start = 0;
  for (const found of lower.matchAll(ADDRESS)) {
    plainAtoms(lower.slice(start, found.index), atoms);
    atoms.push(...addressAtoms(found));
    start = found.index + found[0].length;
  }
  plainAtoms(lower.slice(start), atoms);
  return atoms;
}

// These have a canonical form in ASCII or Greek, and are not it.
const SINGLETONS = /([\u2126\u212A\u212B])/;

function lowerCase(text: string): string {
  return text
    .split(SINGLETONS)
    .map((part, index) => (index % 2 === 1 ? part : part.normalize('NFC').toLowerCase()))
    .join('');
}

/** URLs and e-mail addresses. What stands before may not belong to them, which also keeps the search linear. */
const ADDRESS =
  /(?<![\p{L}\p{N}+.-])(?<url>[a-z][a-z0-9+.-]{0,30}:\/\/[^\s<>"'`]+)|(?<![\p{L}\p{N}._%+@-])(?<email>[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+)(?![\p{L}\p{N}@_]|[.-][\p{L}\p{N}])/gu;

function addressAtoms({ groups }: RegExpMatchArray): Atom[] {
  const { url, email } = groups ?? {};
  if (email !== undefined) return [whole(`email:${email}`)];
  const written = trimUrl(url ?? '');
  const place = placeOf(written);
  return [whole(...(place === null ? [`word:${written}`] : [place]))];
}

/** A closing bracket or a full stop after a URL belongs to the sentence. */
function trimUrl(url: string): string {
  return url.replace(/[).,;:!?\]}]+$/, '');
}

/** Where a URL leads: its host, and its port where that is not the usual one. Null when it holds a name or password. */
function placeOf(url: string): string | null {
  try {
    const { host, username, password } = new URL(url);
    return host === '' || username !== '' || password !== '' ? null : `host:${host.replace(/\.$/, '')}`;
  } catch {
    return null;
  }
}

const WORD =
  /(?:[~.]{0,2}\/)?[\p{L}\p{M}\p{N}\p{Cf}\p{Co}_]+(?:(?:[._/@+&#%~$*-]+|:(?=\d{1,5}(?![\p{L}\p{N}])))[\p{L}\p{M}\p{N}\p{Cf}\p{Co}_]+|['’](?!s(?![\p{L}\p{N}]))[\p{L}\p{M}\p{N}]+)*/uy;
const FORMS: readonly ((text: string, start: number) => Written | null)[] = [
  dateAt,
  timeAt,
  groupedIbanAt,
  groupedNumberAt,
  numberAt,
];

function plainAtoms(text: string, atoms: Atom[]): void {
  for (let index = 0; index < text.length; ) {
    const written = writtenAt(text, index);
    if (written) {
      atoms.push(whole(written.key));
      index = written.end;
      continue;
    }
    WORD.lastIndex = index;
    const word = WORD.exec(text)?.[0];
    if (word !== undefined) {
      atoms.push(...wordAtoms(word));
      index += word.length;
      // `Sarah's` names Sarah.
      const possessive = /^['’]s(?![\p{L}\p{N}])/u.exec(text.slice(index, index + 3));
      if (possessive) index += possessive[0].length;
      continue;
    }
    const sign = text.charAt(index++);
    if (SIGN.test(sign)) atoms.push(whole(`sign:${sign}`));
  }
}

/** Signs that change what is meant, as the `*` of `*@example.com` does; quotes, brackets and the like do not. */
const SIGN = /[*|&^\\=~]|\p{So}|\p{Sk}|\p{Cs}/u;

function writtenAt(text: string, index: number): Written | null {
  if (!/[\p{N}\p{L}+(]/u.test(text.charAt(index))) return null;
  for (const form of FORMS) {
    const written = form(text, index);
    if (written) return written;
  }
  return null;
}

const HOST =
  /^((?:[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?\.)+(?:[\p{L}]{2,63}|xn--[a-z0-9-]+|\d{1,3}))(?::\d{1,5})?(\/.*)?$/u;

/** Endings of files that are domains of the internet too: `notes.md` in a prompt is a file and names no host. */
const FILE_ENDINGS = /\.(?:md|sh|py|rs|pl|zip|mov|tf|so|cc|ps|ml|pm)$/;

function wordAtoms(word: string): Atom[] {
  const host = HOST.exec(word);
  if (host) {
    const isFile = host[2] === undefined && FILE_ENDINGS.test(word);
    const place = isFile ? null : placeOf(`https://${word}`);
    return [whole(`word:${word}`, ...(place === null ? [] : [place]))];
  }
  const parts = word.split(/[-'’]/);
  // Hyphens and apostrophes are writing; in a path, an address or a name with other signs they are part of it.
  if (parts.length === 1 || parts.some((part) => !/^[\p{L}\p{M}\p{N}]+$/u.test(part)))
    return [whole(`word:${word}`)];
  return parts.map((part, index) => ({
    keys: [`word:${part}`],
    isStart: index === 0,
    isEnd: index === parts.length - 1,
  }));
}

function whole(...keys: string[]): Atom {
  return { keys, isStart: true, isEnd: true };
}
