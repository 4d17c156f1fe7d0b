import type { Redirection } from 'unbash';
import { classifyPath } from './classify-path';
import { judgeHost } from './hosts';
import { addReason, type PartDraft, raise } from './part-draft';
import { resolveParts, resolveText, resolveWord, type Substitutions } from './resolve-word';
import type { Scope } from './scope';
import type { Shell } from './shell';
import { literalWord, type StandardInput, type Word } from './word';

/** Judges redirections: files read and written, connections; returns what they make of the standard input. */
export function applyRedirections(
  redirections: readonly Redirection[],
  stdin: StandardInput,
  scope: Scope,
  shell: Shell,
  substitutions: Substitutions,
): StandardInput {
  let input = stdin;
  for (const redirection of redirections) {
    if (redirection.type === 'HereDoc') {
      const { body, delimiter } = redirection;
      const text =
        delimiter?.quoted || !body.parts ? body.text : resolveParts(body.parts, scope, substitutions);
      input = text === null ? { kind: 'unknown' } : { kind: 'text', text };
    } else if (redirection.type === 'HereString') {
      const text = redirection.target ? resolveText(redirection.target, scope, substitutions) : '';
      input = text === null ? { kind: 'unknown' } : { kind: 'text', text: `${text}\n` };
    } else if (redirection.target) {
      const { operator } = redirection;
      const [target, ...more] = resolveWord(redirection.target, scope, substitutions);
      if (!target || more.length > 0) continue;
      // `2>&1`, `>&-`: streams that are open already.
      if (operator.endsWith('&') && target.kind === 'literal' && /^(?:\d+-?|-)$/.test(target.value)) continue;
      if (operator === '<' || operator === '<&') {
        readFrom(target, redirection.target.parts?.[0]?.type === 'ProcessSubstitution', scope, shell);
        input =
          target.kind === 'literal' && target.value === '/dev/null'
            ? { kind: 'text', text: '' }
            : { kind: 'unknown' };
      } else if (redirection.target.parts?.[0]?.type !== 'ProcessSubstitution') writeTo(target, scope, shell);
    }
  }
  return input;
}

function readFrom(target: Word, isSubstitution: boolean, scope: Scope, shell: Shell): void {
  if (isSubstitution || connects(target, scope, shell)) return;
  const { marks, findings } = classifyPath(target, 'read', shell.contextOf(scope));
  shell.add({ effect: 'read', marks, findings, why: 'it reads a file' });
}

function writeTo(target: Word, scope: Scope, shell: Shell): void {
  if (connects(target, scope, shell)) return;
  const { place, marks, findings } = classifyPath(target, 'write', shell.contextOf(scope));
  if (place === 'stream') return;
  shell.add({ effect: 'sandbox', marks, findings, why: 'it writes a file by redirection' });
}

/** `/dev/tcp/HOST/PORT` is a connection. */
function connects(target: Word, scope: Scope, shell: Shell): boolean {
  const text = target.kind === 'literal' ? target.value : target.prefix;
  const found = /^\/dev\/(?:tcp|udp)\/([^/]*)(\/|$)/.exec(text);
  if (!found) return false;
  const host: Word =
    target.kind === 'literal' || found[2] === '/'
      ? literalWord(found[1] ?? '')
      : { kind: 'unresolved', source: target.source, prefix: '', maySplit: false };
  const part: Pick<PartDraft, 'effect' | 'why' | 'marks' | 'findings'> = {
    effect: 'read',
    why: '',
    marks: {},
    findings: [],
  };
  raise(part, 'sandbox', 'it opens a connection');
  const source = target.kind === 'literal' ? target.value : target.source;
  judgeHost(
    host,
    part,
    { program: source, args: [], assignments: new Map(), stdin: { kind: 'none' }, source },
    shell.contextOf(scope),
  );
  if (part.marks.network) addReason(part, 'network', part.marks.network);
  shell.add(part);
  return true;
}
