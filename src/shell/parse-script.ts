import { type ParsedScript, parse } from 'unbash';

export type ParsedText = { ok: true; script: ParsedScript } | { ok: false; rule: string; problem: string };

/** Longest text that is parsed, in characters, and deepest nesting: beyond, a command is asked about unread. */
const MAX_LENGTH = 20_000;
const MAX_DEPTH = 60;
/** Most words and operators: they bound the time that walking takes. */
const MAX_TOKENS = 5_000;

/** Parses bash text. What the parser had to repair is not taken for what bash would run. */
export function parseScript(text: string): ParsedText {
  if (text.length > MAX_LENGTH) return refused('too-long', `it is longer than ${MAX_LENGTH} characters`);
  if (text.includes('\0')) return refused('unparsable', 'it holds a NUL character');
  const { depth, tokens } = measure(text);
  if (depth > MAX_DEPTH) return refused('too-long', `it is nested deeper than ${MAX_DEPTH}`);
  if (tokens > MAX_TOKENS) return refused('too-long', `it has more than ${MAX_TOKENS} words`);
  const script = parse(text);
  const problem = script.errors?.[0];
  if (problem) return refused('unparsable', `bash cannot read it: ${problem.message}`);
  return { ok: true, script };
}

function refused(rule: string, problem: string): ParsedText {
  return { ok: false, rule, problem };
}

/** An upper bound of nesting and of words, whatever is quoted: cheap, and before anything recursive. */
function measure(text: string): { depth: number; tokens: number } {
  let depth = 0;
  let deepest = 0;
  let backticks = 0;
  let tokens = 0;
  let isInWord = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 40 || code === 123) deepest = Math.max(deepest, ++depth);
    else if (code === 41 || code === 125) depth = Math.max(0, depth - 1);
    else if (code === 96) backticks++;
    const isBlank = code === 32 || code === 9 || code === 10;
    const isOperator = code === 59 || code === 38 || code === 124 || code === 60 || code === 62;
    if (isOperator || (!isBlank && !isInWord)) tokens++;
    isInWord = !isBlank && !isOperator;
  }
  // Nested backticks are escaped, so each level doubles the backslashes; their number bounds it.
  return { depth: deepest + Math.min(backticks, text.split('\\`').length - 1), tokens };
}
