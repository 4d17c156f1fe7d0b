import { addReason, type PartDraft, shown, textOf, unresolved } from './part-draft';
import { matchesPattern } from './pattern';
import type { CommandContext, SimpleCommand } from './simple-command';
import type { Word } from './word';

/** How a host is reached, as far as a word tells. */
export type HostKind = 'loopback' | 'allowed' | 'other' | 'unknown';

/** Marks a command that reaches a host outside the agent's `network`; asks for one that is not known. */
export function judgeHost(
  word: Word,
  draft: Pick<PartDraft, 'marks' | 'findings'>,
  command: SimpleCommand,
  context: CommandContext,
): HostKind {
  const kind = hostKind(word, context.settings.network);
  if (kind === 'unknown') draft.findings.push(unresolved(command, word, 'names the host it reaches'));
  if (kind === 'other')
    addReason(
      draft,
      'network',
      `\`${shown(command)}\` reaches \`${textOf(word)}\`, which is not in the agent's network`,
    );
  return kind;
}

/** Sorts a host, URL or `user@host:path` by where it leads. */
export function hostKind(word: Word, network: readonly string[]): HostKind {
  const host = hostOf(word);
  if (host === null) return 'unknown';
  if (isLoopback(host)) return 'loopback';
  return network.some((each) => matchesPattern(each.toLowerCase(), host)) ? 'allowed' : 'other';
}

/** The host that a word names, in lower case; null when it is not known before the command runs. */
export function hostOf(word: Word): string | null {
  const text = word.kind === 'literal' ? word.value : word.prefix;
  const afterScheme = text.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '');
  const authority = afterScheme.split(/[/?#]/, 1)[0] ?? '';
  // Of an unresolved word the host is known only when its end is, `http://localhost/$path`: `http://localhost:$port` may
  // become `http://localhost:x@elsewhere`.
  if (word.kind === 'unresolved' && authority === afterScheme) return null;
  const host = authority.slice(authority.lastIndexOf('@') + 1).toLowerCase();
  if (host.startsWith('[')) return host.slice(1, host.indexOf(']'));
  // A bare IPv6 address has several colons, a port or a path stands after one.
  return host.split(':').length > 2 ? host : (host.split(':', 1)[0] ?? host);
}

/** Whether a host is this machine, in the spellings that programs take for it. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/\.$/, '');
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    name === '::1' ||
    name === '0.0.0.0' ||
    /^127(?:\.\d{1,3}){3}$/.test(name)
  );
}
