import { statSync } from 'node:fs';
import type { PolicyText } from '../commands/diff-policy';
import { visibleText } from '../domain/visible-text';
import { readFiledPolicy } from '../policy/policy-folder';
import { BadInputError, readInput } from './bad-input';
import type { CliContext, ExitCode } from './context';
import type { Colours } from './terminal';
import { withStack } from './with-stack';

export interface PolicyDiffOptions {
  from?: number;
  to?: number;
}

/** `gatehouse policy diff`: of a stored policy's versions, or of a file and what is stored. Exit code 0 whatever differs. */
export async function diffPolicy(
  context: CliContext,
  nameOrFile: string,
  options: PolicyDiffOptions,
): Promise<ExitCode> {
  const { terminal } = context;
  const file = isPolicyFile(nameOrFile) ? readInput(() => readFiledPolicy(nameOrFile)) : null;
  if (file && options.to !== undefined)
    throw new BadInputError(
      'usage',
      'a file is what is compared with, so `--to` says nothing; give `--from`',
    );
  return withStack(context, async (commands) => {
    const difference = file
      ? await commands.diffPolicyFile(file, options)
      : await commands.diffPolicy(nameOrFile, options);
    const { from, to, patch } = difference;
    if (terminal.isJson) terminal.printJson(difference);
    else if (patch === '') terminal.note(`${placeOf(from)} and ${placeOf(to)} have the same text`);
    else terminal.print(paintPatch(patch, terminal.colours));
    return 0;
  });
}

/** A policy may be called anything; what ends like a policy file or is a file is one. */
function isPolicyFile(text: string): boolean {
  return text.toLowerCase().endsWith('.md') || statSync(text, { throwIfNoEntry: false })?.isFile() === true;
}

function placeOf({ version, file }: PolicyText): string {
  return file === null ? `version ${version}` : `\`${file}\``;
}

function paintPatch(patch: string, colours: Colours): string {
  const paints: Record<string, (line: string) => string> = {
    '+': colours.green,
    '-': colours.red,
    '@': colours.cyan,
  };
  return patch
    .trimEnd()
    .split('\n')
    .map((line) => {
      // A tab is shown as it is: it may be what differs.
      const shown = line
        .split('\t')
        .map((part) => visibleText(part, part.length + 1))
        .join('\t');
      const isTitle = line.startsWith('--- ') || line.startsWith('+++ ');
      const paint = isTitle ? colours.bold : paints[line[0] ?? ''];
      return paint ? paint(shown) : shown;
    })
    .join('\n');
}
