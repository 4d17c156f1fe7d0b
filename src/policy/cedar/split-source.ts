/** One rule of a Cedar source, with its semicolon. */
export interface RuleText {
  text: string;
  /** Where it begins in the source, in UTF-16 units, after white space and comments. */
  offset: number;
}

/** Cuts a Cedar source behind each semicolon that stands outside strings and comments. */
export function splitSource(source: string): RuleText[] {
  const rules: RuleText[] = [];
  let start = skipBlank(source, 0);
  let at = start;
  while (at < source.length) {
    const character = source[at];
    if (character === '"') at = endOfString(source, at);
    else if (character === '/' && source[at + 1] === '/') at = endOfLine(source, at);
    else {
      at++;
      if (character !== ';') continue;
      rules.push({ text: source.slice(start, at), offset: start });
      start = skipBlank(source, at);
      at = start;
    }
  }
  // What has no semicolon is kept: it is for Cedar to refuse.
  if (start < source.length) rules.push({ text: source.slice(start), offset: start });
  return rules;
}

function skipBlank(source: string, from: number): number {
  let at = from;
  while (at < source.length) {
    if (/\s/.test(source[at] ?? '')) at++;
    else if (source.startsWith('//', at)) at = endOfLine(source, at);
    else break;
  }
  return at;
}

/** For Cedar a lone carriage return ends a comment too. */
function endOfLine(source: string, from: number): number {
  const found = source.slice(from).search(/[\n\r]/);
  return found === -1 ? source.length : from + found + 1;
}

function endOfString(source: string, from: number): number {
  for (let at = from + 1; at < source.length; at++) {
    if (source[at] === '\\') at++;
    else if (source[at] === '"') return at + 1;
  }
  return source.length;
}
