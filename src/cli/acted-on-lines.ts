import type { ActedOn } from '../commands/acted-on';
import { visibleText } from '../domain/visible-text';
import type { Colours } from './terminal';

/** Most lines that are written: the console has the rest. */
const MAX_LINES = 2_000;

/** The change that an approval is about, each line set apart from our own words. */
export function actedOnLines(about: ActedOn, colours: Colours): string {
  switch (about.kind) {
    case 'missing':
      return colours.yellow(`no difference to show: ${about.why}`);
    case 'patch':
      return [about.title, ...bounded(about.patch, colours)].join('\n');
    case 'plan':
      return [about.title, ...bounded(about.text, colours)].join('\n');
  }
}

function bounded(text: string, colours: Colours): string[] {
  const lines = text.replace(/^\n+|\n$/g, '').split('\n');
  const shown = lines.slice(0, MAX_LINES).map((line) => `| ${painted(visibleText(line, 4_000), colours)}`);
  if (lines.length > MAX_LINES) shown.push(`cut here: ${MAX_LINES} of ${lines.length} lines are shown`);
  return shown;
}

/** As a patch and a plan of Terraform both mark what they do. */
function painted(line: string, colours: Colours): string {
  if (/^\s*[-+]\/[-+] /.test(line)) return colours.red(line);
  if (/^\s*\+/.test(line)) return colours.green(line);
  if (/^\s*-/.test(line)) return colours.red(line);
  return /^\s*~ /.test(line) ? colours.yellow(line) : line;
}
