/** The words that `{a,b}` or `{1..3}` becomes; null when it cannot be told or would be very many. */
export function expandBraces(text: string): string[] | null {
  if (/[$`'"\\]/.test(text) || text.length > 500) return null;
  const words = expand(text, 0);
  return words !== null && words.length <= MAX_WORDS ? words : null;
}

const MAX_WORDS = 100;

function expand(text: string, depth: number): string[] | null {
  if (depth > 5) return null;
  const open = text.indexOf('{');
  if (open < 0) return [text];
  const close = closingBrace(text, open);
  if (close < 0) return [text];
  const before = text.slice(0, open);
  const after = expand(text.slice(close + 1), depth + 1);
  const inner = choicesOf(text.slice(open + 1, close), depth);
  if (after === null || inner === null || inner.length * after.length > MAX_WORDS) return null;
  return inner.flatMap((choice) => after.map((rest) => `${before}${choice}${rest}`));
}

function choicesOf(body: string, depth: number): string[] | null {
  const range = /^(-?\d+|[A-Za-z])\.\.(-?\d+|[A-Za-z])(?:\.\.(-?\d+))?$/.exec(body);
  if (range) return rangeOf(range[1] ?? '', range[2] ?? '', Number(range[3] ?? 1));
  const items = splitAtCommas(body);
  if (items.length < 2) return [`{${body}}`];
  const expanded = items.map((item) => expand(item, depth + 1));
  return expanded.some((each) => each === null) ? null : expanded.flatMap((each) => each ?? []);
}

function rangeOf(from: string, to: string, step: number): string[] | null {
  const isNumber = /\d/.test(from);
  if (isNumber !== /\d/.test(to)) return null;
  const start = isNumber ? Number(from) : from.charCodeAt(0);
  const end = isNumber ? Number(to) : to.charCodeAt(0);
  const size = Math.abs(step) || 1;
  if (Math.abs(end - start) / size >= MAX_WORDS) return null;
  const direction = end >= start ? size : -size;
  const words: string[] = [];
  for (let at = start; direction > 0 ? at <= end : at >= end; at += direction)
    words.push(isNumber ? String(at) : String.fromCharCode(at));
  return words;
}

function closingBrace(text: string, open: number): number {
  let depth = 0;
  for (let index = open; index < text.length; index++) {
    if (text[index] === '{') depth++;
    else if (text[index] === '}' && --depth === 0) return index;
  }
  return -1;
}

function splitAtCommas(body: string): string[] {
  const items = [''];
  let depth = 0;
  for (const character of body) {
    if (character === '{') depth++;
    if (character === '}') depth--;
    if (character === ',' && depth === 0) items.push('');
    else items[items.length - 1] += character;
  }
  return items;
}
