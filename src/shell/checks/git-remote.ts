import { judgeHost } from '../hosts';
import type { Invocation } from '../invocation';
import { addPath } from '../operands';
import { type PartDraft, raise, shown, unresolved } from '../part-draft';
import type { CommandContext } from '../simple-command';
import type { Word } from '../word';

/** What git reaches with `fetch`, `pull`, `clone`, `ls-remote`, `submodule add` and `archive --remote`. */
export function gitRemote(invocation: Invocation, draft: PartDraft, context: CommandContext): void {
  const { verb, operands, flags } = invocation;
  const subcommand = verb[0];
  const flagged = flags.filter(({ names }) => names.includes('--remote')).map(({ value }) => value);
  const several = flags.some(({ names }) => names.includes('--multiple'));
  const named = subcommand === 'archive' ? [] : several ? operands : operands.slice(0, 1);
  const asPath = subcommand === 'clone' || subcommand === 'submodule';
  for (const word of [...named, ...flagged])
    if (word) judgeAddress(word, asPath ? 'path' : 'name', invocation, draft, context);
}

/** A remote that is added or changed: later commands of the same line or run reach it by its name. */
export function gitRemoteAddress(invocation: Invocation, draft: PartDraft, context: CommandContext): void {
  const { verb, operands, command } = invocation;
  if (verb.includes('add') || verb.includes('set-url'))
    for (const word of operands.slice(1)) judgeAddress(word, 'path', invocation, draft, context);
  if (!verb.includes('add'))
    draft.findings.push({
      verdict: 'ask',
      layer: 'commands',
      rule: 'git-setting',
      message: `\`${shown(command)}\` changes where a remote leads, so where later pushes go`,
    });
}

/**
 * Judges one address of git: a host, a folder, a program (`ext::…`), or the name of a remote.
 *
 * @param bare what a word without a slash or colon is
 */
export function judgeAddress(
  word: Word,
  bare: 'name' | 'path',
  { command }: Invocation,
  draft: PartDraft,
  context: CommandContext,
): void {
  const text = word.kind === 'literal' ? word.value : word.prefix;
  if (/^[\w+.-]*::/.test(text)) {
    raise(draft, 'sandbox', `\`${shown(command)}\` hands an address to a program`);
    draft.findings.push({
      verdict: 'ask',
      layer: 'commands',
      rule: 'hands-over-command',
      message: `\`${shown(command)}\` names a program that git runs to reach a remote`,
    });
  } else if (/^file:\/\//i.test(text)) addPath(withoutScheme(word), 'read', draft, command, context);
  // `https://host/path`, or `user@host:path` with its colon before any slash.
  else if (/^[a-z][a-z0-9+.-]*:\/\/|^[^/]+:/i.test(text)) judgeHost(word, draft, command, context);
  else if (/^[/~.]/.test(text) || text.includes('/')) addPath(word, 'read', draft, command, context);
  else if (word.kind === 'unresolved')
    draft.findings.push(unresolved(command, word, 'names what it reaches'));
  else if (bare === 'path') addPath(word, 'read', draft, command, context);
}

function withoutScheme(word: Word): Word {
  const strip = (text: string) => text.replace(/^file:\/\/(?:localhost)?/i, '');
  return word.kind === 'literal'
    ? { ...word, value: strip(word.value) }
    : { ...word, prefix: strip(word.prefix) };
}
