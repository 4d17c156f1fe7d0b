import { classifyPath } from './classify-path';
import { judgeHost } from './hosts';
import type { PartDraft } from './part-draft';
import { variableKind } from './running-variables';
import { copyOf, type Scope, withoutNames } from './scope';
import type { Shell } from './shell';
import { literalWord, type Word } from './word';

/** Judges setting a variable that programs obey: what they run, load, write or reach because of it. */
export function judgeVariable(name: string, value: string | null, scope: Scope, shell: Shell): void {
  const kind = variableKind(name);
  switch (kind) {
    case null:
      return;
    case 'text':
      if (value !== null && ONLY_SHOWS.test(value.trim())) return;
      decides(name, shell);
      // `LESSOPEN` begins with a pipe. INVARIANT: a copy without names, or a pager that is set in its own alias would
      // never end.
      shell.runText(
        value?.replace(/^[|-]+/, '') ?? null,
        withoutNames(copyOf(scope)),
        { kind: 'none' },
        `${name}=…`,
      );
      return;
    case 'file':
      decides(name, shell);
      return;
    case 'output':
      if (value === null || !/^(?:|-|\d|true|false)$/i.test(value)) writes(name, value, scope, shell);
      return;
    case 'host':
      reaches(name, value, scope, shell);
      return;
    default:
      kind satisfies never;
  }
}

/** Pagers that do nothing but show. */
const ONLY_SHOWS = /^(?:|cat|true|:|more|less(?: -[FRSXKi]+)?)$/;

function decides(name: string, shell: Shell): void {
  shell.add({ effect: 'sandbox', marks: {}, why: `\`${name}\` decides what other programs run` });
}

function wordOf(name: string, value: string | null): Word {
  return value === null
    ? { kind: 'unresolved', source: `$${name}`, prefix: '', maySplit: false }
    : literalWord(value);
}

function writes(name: string, value: string | null, scope: Scope, shell: Shell): void {
  const { marks, findings } = classifyPath(wordOf(name, value), 'write', shell.contextOf(scope));
  shell.add({ effect: 'sandbox', marks, findings, why: `\`${name}\` names a file that programs write` });
}

function reaches(name: string, value: string | null, scope: Scope, shell: Shell): void {
  const part: Pick<PartDraft, 'effect' | 'why' | 'marks' | 'findings'> = {
    effect: 'read',
    why: '',
    marks: {},
    findings: [],
  };
  const source = `${name}=${value ?? '…'}`;
  const command = {
    program: name,
    args: [],
    assignments: new Map(),
    stdin: { kind: 'none' as const },
    source,
  };
  // A list, a socket, or a word that means none.
  const addresses =
    value === null ? [null] : value.split(/[\s,;|]+/).filter((each) => !NO_ADDRESS.test(each));
  for (const address of addresses) judgeHost(wordOf(name, address), part, command, shell.contextOf(scope));
  shell.add(part);
}

const NO_ADDRESS = /^(?:|direct|off|none|false|[/.~].*|(?:unix|fd|npipe|file|sqlite):.*)$/i;
