import type { StandardInput, Word } from './word';

/**
 * What a command prints, where its words alone tell; null otherwise.
 *
 * @param folders as `pwd` prints the current one, and where temporary files are made; null when unknown
 */
export function knownOutput(
  words: readonly Word[],
  stdin: StandardInput,
  { cwd, scratch }: { cwd: string | null; scratch: string | null },
): string | null {
  const texts = words.map((word) => (word.kind === 'literal' && !word.hasGlob ? word.value : null));
  const [program, ...args] = texts;
  switch (program) {
    case 'echo':
      return echoed(args);
    case 'printf':
      return printed(args);
    case 'pwd':
      return args.length === 0 && cwd !== null ? `${cwd}\n` : null;
    case 'mktemp':
      // The name is none that is there already; which one does not matter.
      return scratch !== null &&
        args.every((arg) => arg !== null && /^(?:-[dqu]+|--directory|--quiet)$/.test(arg))
        ? `${scratch}/tmp.XXXXXXXXXX\n`
        : null;
    case 'cat':
      return args.every((arg) => arg === '-') ? textOf(stdin) : null;
    case 'base64':
      return args.length === 1 && /^(?:-d|-D|--decode)$/.test(args[0] ?? '')
        ? decoded(stdin, 'base64')
        : null;
    case 'xxd':
      return args.every((arg) => arg !== null && /^-(?:r|p|rp|pr|ps)$/.test(arg)) &&
        args.join('').includes('r')
        ? decoded(stdin, 'hex')
        : null;
    case 'rev': {
      const text = textOf(stdin);
      if (args.length > 0 || text === null) return null;
      return text
        .split('\n')
        .map((line) => [...line].reverse().join(''))
        .join('\n');
    }
    case 'true':
    case ':':
      return '';
    default:
      return null;
  }
}

function textOf(stdin: StandardInput): string | null {
  return stdin.kind === 'text' ? stdin.text : stdin.kind === 'none' ? '' : null;
}

/** Only text of the encoding's own alphabet: programs differ in what they make of the rest. */
function decoded(stdin: StandardInput, encoding: keyof typeof ALPHABETS): string | null {
  const text = textOf(stdin)?.replace(/\n/g, '');
  return text !== undefined && ALPHABETS[encoding].test(text)
    ? Buffer.from(text, encoding).toString('utf8')
    : null;
}

const ALPHABETS = {
  base64: /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/,
  hex: /^(?:[0-9a-fA-F]{2})*$/,
} as const;

function echoed(args: readonly (string | null)[]): string | null {
  let first = 0;
  let hasNewline = true;
  let hasEscapes = false;
  while (/^-[neE]+$/.test(args[first] ?? '')) {
    if (args[first]?.includes('n')) hasNewline = false;
    if (args[first]?.includes('e')) hasEscapes = true;
    first++;
  }
  const rest = args.slice(first);
  if (rest.some((arg) => arg === null)) return null;
  const text = rest.join(' ');
  // A shell that is not bash may take escapes without being told, and print the flag.
  if (!hasEscapes && text.includes('\\')) return null;
  const printed = hasEscapes ? unescaped(text, 'echo') : text;
  return printed === null ? null : printed + (hasNewline ? '\n' : '');
}

function printed(args: readonly (string | null)[]): string | null {
  const [format, ...values] = args[0] === '--' ? args.slice(1) : args;
  // Flags set a variable instead (`-v NAME`).
  if (typeof format !== 'string' || (args[0] !== '--' && format.startsWith('-'))) return null;
  if (values.some((value) => value === null)) return null;
  // The format is split first: an escape may stand for a percent sign.
  const pieces = format
    .split(/(%%|%s|%b)/)
    .map((piece) =>
      /^%[%sb]$/.test(piece) ? piece : piece.includes('%') ? null : unescaped(piece, 'printf'),
    );
  if (!pieces.every((piece) => piece !== null)) return null;
  const slots = pieces.filter((piece) => /^%[sb]$/.test(piece)).length;
  const rounds = slots === 0 ? 1 : Math.max(1, Math.ceil(values.length / slots));
  if (rounds > 100) return null;
  let next = 0;
  let text = '';
  for (let round = 0; round < rounds; round++)
    for (const piece of pieces) {
      if (piece === '%%') text += '%';
      else if (/^%[sb]$/.test(piece)) {
        const value = values[next++] ?? '';
        const given = piece === '%b' ? unescaped(value, 'echo') : value;
        if (given === null) return null;
        text += given;
      } else text += piece;
    }
  return text;
}

/**
 * Escapes as `echo -e` and the values of `%b` have them, or a format of `printf`; null where shells differ about one in
 * a way that counts. Escapes may stand for plain characters alone: one that hides a quote or a comment from one shell
 * shows it to another.
 */
function unescaped(text: string, kind: 'echo' | 'printf'): string | null {
  let isKnown = true;
  const octal = kind === 'echo' ? /^0([0-7]{1,3})/ : /^([0-7]{1,3})/;
  const character = (digits: string, base: number): string => {
    const found = String.fromCharCode(Number.parseInt(digits, base));
    if (!/^[\w\s/.,:=*~@%+-]$/.test(found)) isKnown = false;
    return found;
  };
  const plain = text.replace(
    /\\(x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4}|[0-7]{1,4}|[\s\S]|$)/g,
    (_whole, code: string) => {
      const digits = octal.exec(code);
      if (digits) return character(digits[1] ?? '', 8) + code.slice(digits[0].length);
      if (/^[xu]./.test(code)) return character(code.slice(1), 16);
      const known = ESCAPES[code];
      if (known === undefined) isKnown = false;
      return known ?? '';
    },
  );
  return isKnown ? plain : null;
}

const ESCAPES: Record<string, string> = { n: '\n', t: '\t', r: '\r', '\\': '\\' };
