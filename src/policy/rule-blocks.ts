/** A fenced `cedar` block of a policy's Markdown. */
export interface RuleBlock {
  /** What stands between the fences. */
  source: string;
  /** Line of the opening fence, from 1. */
  line: number;
  /** Whether a closing fence follows; without one the block reaches to the end of the text. */
  isClosed: boolean;
}

/**
 * Splits a policy's Markdown into its rules and its prose. The prose is the text without the blocks, each removed with
 * its fences and one following newline; a text without a block stays byte for byte as it is.
 *
 * Fences are read as CommonMark reads them, so that a block shown inside another fenced block is prose.
 */
export function splitRules(markdown: string): { prose: string; blocks: RuleBlock[] } {
  const blocks: RuleBlock[] = [];
  let prose = '';
  let fence: (Fence & { isRule: boolean; line: number; lines: string[] }) | null = null;
  let number = 0;
  for (const line of linesOf(markdown)) {
    number++;
    if (fence) {
      if (!fence.isRule) prose += line;
      if (closes(fence, line)) {
        if (fence.isRule) blocks.push({ source: fence.lines.join(''), line: fence.line, isClosed: true });
        fence = null;
      } else if (fence.isRule) fence.lines.push(line);
      continue;
    }
    const opened = openingFence(line);
    const isRule = opened !== null && /^cedar(\s|$)/i.test(opened.info);
    if (opened) fence = { ...opened, isRule, line: number, lines: [] };
    if (!isRule) prose += line;
  }
  if (fence?.isRule) blocks.push({ source: fence.lines.join(''), line: fence.line, isClosed: false });
  return { prose, blocks };
}

/** Lines that stand outside all fenced blocks, numbered from 1. */
export function linesOutsideBlocks(markdown: string): { number: number; text: string }[] {
  let fence: Fence | null = null;
  return linesOf(markdown).flatMap((line, index) => {
    if (fence) {
      if (closes(fence, line)) fence = null;
      return [];
    }
    fence = openingFence(line);
    return fence ? [] : [{ number: index + 1, text: line.trimEnd() }];
  });
}

interface Fence {
  character: string;
  length: number;
  /** What follows the opening fence. */
  info: string;
}

/** Lines with their line ends, which together are the text. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function openingFence(line: string): Fence | null {
  const found = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line.trimEnd());
  if (!found) return null;
  const [, marks = '', info = ''] = found;
  const character = marks.charAt(0);
  if (character === '`' && info.includes('`')) return null;
  return { character, length: marks.length, info: info.trim() };
}

function closes(fence: Fence, line: string): boolean {
  const found = /^ {0,3}(`{3,}|~{3,})$/.exec(line.trimEnd());
  const marks = found?.[1] ?? '';
  return marks.startsWith(fence.character) && marks.length >= fence.length;
}
