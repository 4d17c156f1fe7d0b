import { linesOutsideBlocks } from '../rule-blocks';

/** A bullet of a policy's prose. */
export interface Bullet {
  /** On one line, without its mark. */
  text: string;
  /** Of the policy's content, from 1. */
  line: number;
  /** The strongest word it uses; null for one that only tells. */
  demand: 'MUST' | 'SHOULD' | null;
}

/** The bullets of a policy, those inside bullets too. Lines that continue one belong to it. */
export function bulletsOf(content: string): Bullet[] {
  const bullets: { text: string; line: number; indent: number }[] = [];
  let last = 0;
  for (const { number, text } of linesOutsideBlocks(content)) {
    const found = /^(\s*)(?:[-*+]|\d{1,9}[.)])\s+(.*)$/.exec(text);
    const current = bullets.at(-1);
    if (found) bullets.push({ text: found[2] ?? '', line: number, indent: found[1]?.length ?? 0 });
    else if (current && number === last + 1 && /^\s+\S/.test(text)) current.text += ` ${text.trim()}`;
    else continue;
    last = number;
  }
  return bullets.map(({ text, line }) => ({ text: text.trim(), line, demand: demandOf(text) }));
}

/** Bullets that hold a quote; case and spaces do not count. */
export function bulletsQuoted(bullets: readonly Bullet[], quote: string): Bullet[] {
  const wanted = plain(quote);
  return wanted === '' ? [] : bullets.filter(({ text }) => plain(text).includes(wanted));
}

/** The words of RFC 2119, in capitals. */
function demandOf(text: string): Bullet['demand'] {
  if (/\b(?:MUST|SHALL|REQUIRED)\b/.test(text)) return 'MUST';
  return /\b(?:SHOULD|RECOMMENDED)\b/.test(text) ? 'SHOULD' : null;
}

function plain(text: string): string {
  return text.replace(/\s+/g, ' ').trim().toLowerCase();
}
