import type { Invocation } from '../invocation';
import { addPath } from '../operands';
import type { PartDraft } from '../part-draft';
import type { CommandContext } from '../simple-command';

/** The path in `HEAD:path`: what was committed is as secret as the file. */
export function gitBlob({ command, operands }: Invocation, draft: PartDraft, context: CommandContext): void {
  for (const word of operands) {
    const text = word.kind === 'literal' ? word.value : word.prefix;
    const colon = text.indexOf(':');
    if (colon < 0) continue;
    const path =
      word.kind === 'literal'
        ? { ...word, value: text.slice(colon + 1) }
        : { ...word, prefix: text.slice(colon + 1) };
    addPath(path, 'read', draft, command, context);
  }
}
