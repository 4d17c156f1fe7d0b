export type HclBody = Record<string, unknown>;

/** A Terraform file as data: blocks as `{type: {label: {label: [body]}}}`, expressions as `${…}` text. */
export type HclResult = { ok: true; body: HclBody } | { ok: false; problems: SyntaxProblem[] };

export interface SyntaxProblem {
  file: string;
  /** Counted from 1. */
  line: number;
  message: string;
  /** Whether nothing of the file can be read, rather than one of its parts being odd. */
  isSyntax?: boolean;
}

/** Longest file that is parsed, in characters, and deepest nesting of brackets: the parser recurses. */
const MAX_LENGTH = 1_000_000;
const MAX_DEPTH = 100;

/** Parses Terraform's language with HashiCorp's own parser, compiled to WebAssembly. */
export async function parseHcl(file: string, text: string): Promise<HclResult> {
  if (text.length > MAX_LENGTH) return refused(file, 1, `longer than ${MAX_LENGTH} characters`);
  const deepLine = lineDeeperThan(MAX_DEPTH, text);
  if (deepLine !== null) return refused(file, deepLine, `nested deeper than ${MAX_DEPTH}`);
  // Loaded when first needed: it is 7 MB of WebAssembly.
  const { parse } = await import('@cdktn/hcl2json');
  try {
    // The parser is told a name of ours: it writes the name into its messages, which are split at it.
    return { ok: true, body: await parse(PARSED_AS, text) };
  } catch (cause) {
    return { ok: false, problems: problemsIn(file, messageOf(cause)) };
  }
}

const PARSED_AS = 'f.tf';

function refused(file: string, line: number, message: string): HclResult {
  return { ok: false, problems: [{ file, line, message }] };
}

/** `parse config: [f.tf:2,6-3,1: Summary; Detail. f.tf:4,1-2: …]` */
function problemsIn(file: string, message: string): SyntaxProblem[] {
  const problems: SyntaxProblem[] = [];
  const places = [...message.matchAll(/(?:^|[[ ])f\.tf:(\d+),\d+(?:-(?:\d+,)?\d+)?: /g)];
  for (const [index, place] of places.entries()) {
    const start = place.index + place[0].length;
    const text = message
      .slice(start, places[index + 1]?.index)
      .replace(/\]?$/, '')
      .trim();
    problems.push({ file, line: Number(place[1]), message: text.replaceAll('f.tf:', 'line ') });
  }
  return problems.length > 0 ? problems : [{ file, line: 1, message: 'cannot be parsed' }];
}

// What the WebAssembly side throws is an Error of another realm in some hosts.
function messageOf(cause: unknown): string {
  return String((cause as { message?: unknown } | null)?.message ?? cause);
}

function lineDeeperThan(limit: number, text: string): number | null {
  let depth = 0;
  let line = 1;
  for (const character of text) {
    if (character === '\n') line++;
    else if ('{[('.includes(character) && ++depth > limit) return line;
    else if ('}])'.includes(character)) depth = Math.max(0, depth - 1);
  }
  return null;
}
