import type { StandardInput, Word } from './word';

/**
 * What a command prints, where its words alone tell; null otherwise.
 *
 * @param cwd as `pwd` prints it; null when unknown
 */
export function knownOutput(words: readonly Word[], stdin: StandardInput, cwd: string | null): string | null {
  const texts = words.map((word) => (word.kind === 'literal' && !word.hasGlob ? word.value : null));
  const [program, ...args] = texts;
  switch (program) {
    case 'echo':
      return echoed(args);
    case 'printf':
      return printed(args);
    case 'pwd':
      return args.length === 0 && cwd !== null ? `${cwd}\n` : null;
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

function decoded(stdin: StandardInput, encoding: 'base64' | 'hex'): string | null {
  const text = textOf(stdin);
  return text === null ? null : Buffer.from(text.replace(/\s+/g, ''), encoding).toString('utf8');
}

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
  return (hasEscapes ? unescaped(text) : text) + (hasNewline ? '\n' : '');
}

function printed(args: readonly (string | null)[]): string | null {
  const [format, ...values] = args[0] === '--' ? args.slice(1) : args;
  if (typeof format !== 'string' || values.some((value) => value === null)) return null;
  const pieces = unescaped(format).split(/(%%|%s|%b|%d|%c)/);
  if (pieces.some((piece) => /%(?!%|s$|b$|d$|c$)/.test(piece) && piece !== '%%')) return null;
  const slots = pieces.filter((piece) => /^%[sbdc]$/.test(piece)).length;
  const rounds = slots === 0 ? 1 : Math.max(1, Math.ceil(values.length / slots));
  if (rounds > 100) return null;
  let next = 0;
  let text = '';
  for (let round = 0; round < rounds; round++)
    for (const piece of pieces) {
      if (piece === '%%') text += '%';
      else if (/^%[sbdc]$/.test(piece)) {
        const value = values[next++] ?? '';
        text += piece === '%b' ? unescaped(value) : piece === '%c' ? value.slice(0, 1) : value;
      } else text += piece;
    }
  return text;
}

function unescaped(text: string): string {
  return text.replace(
    /\\(?:x([0-9a-fA-F]{1,2})|0?([0-7]{1,3})|u([0-9a-fA-F]{1,4})|(.))/gs,
    (whole, hex, octal, unicode, one) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) % 256);
      if (unicode !== undefined) return String.fromCharCode(Number.parseInt(unicode, 16));
      return ESCAPES[one as string] ?? whole;
    },
  );
}

const ESCAPES: Record<string, string> = { n: '\n', t: '\t', r: '\r', '\\': '\\', a: '', e: '\u001b', c: '' };
