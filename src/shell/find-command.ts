import { classifyPath } from './classify-path';
import { addReason, type PartDraft, raise } from './part-draft';
import { copyOf, type Scope, withoutNames } from './scope';
import type { ResolvedCommand, Shell } from './shell';
import { literalWord, type Word } from './word';

/** Actions that run a program, up to `;` or `+`. */
const RUNNING = new Set(['-exec', '-execdir', '-ok', '-okdir']);
const WRITING = new Set(['-fprint', '-fprint0', '-fls', '-fprintf']);

/** Judges `find`: where it looks, and the actions it takes there. */
export function runFind(program: string, command: ResolvedCommand, scope: Scope, shell: Shell): boolean {
  if (program !== 'find' && program !== 'gfind' && program !== 'bfs') return false;
  const args = command.words.slice(1);
  const context = shell.contextOf(scope);
  const part: Pick<PartDraft, 'effect' | 'why' | 'marks' | 'findings'> = {
    effect: 'read',
    why: '`find` lists files',
    marks: {},
    findings: [],
  };
  const use = (word: Word, how: 'read' | 'write') => {
    const { marks, findings } = classifyPath(word, how, context);
    for (const [mark, because] of Object.entries(marks)) addReason(part, mark as keyof typeof marks, because);
    part.findings.push(...findings);
  };
  const starts = startsOf(args);
  for (const start of starts) use(start, 'read');
  for (let index = 0; index < args.length; index++) {
    const word = args[index]!;
    if (word.kind === 'unresolved') {
      // It may be an action, where the expression stands.
      if (word.maySplit && !starts.includes(word)) part.findings.push(unknownAction(word));
      continue;
    }
    if (word.value === '-delete') {
      raise(part, 'sandbox', '`find -delete` deletes files');
      deleteFound(starts, !args.some(chooses), part, context);
    } else if (WRITING.has(word.value) && args[index + 1]) {
      raise(part, 'sandbox', `\`find ${word.value}\` writes a file`);
      use(args[index + 1]!, 'write');
    } else if (RUNNING.has(word.value)) {
      const end = args.findIndex(
        (each, at) => at > index && each.kind === 'literal' && (each.value === ';' || each.value === '+'),
      );
      const words = args.slice(index + 1, end < 0 ? undefined : end);
      const folder = onlyPrefix(starts);
      const within = withoutNames(copyOf(scope));
      // `-execdir` runs where the found file lies.
      if (word.value.endsWith('dir')) Object.assign(within, { cwd: null, otherFolders: [] });
      shell.run(
        { ...command, words: words.map((each) => found(each, folder)), stdin: { kind: 'none' } },
        within,
      );
      index = end < 0 ? args.length : end;
    }
  }
  shell.add(part);
  return true;
}

function startsOf(args: readonly Word[]): Word[] {
  const starts: Word[] = [];
  for (let index = 0; index < args.length; index++) {
    const word = args[index]!;
    if (word.kind === 'literal') {
      if (/^-[HLPOD]/.test(word.value) && !/^-[a-z]/.test(word.value)) {
        if (word.value === '-D') index++;
        continue;
      }
      if (/^[-(!),]/.test(word.value)) break;
    }
    starts.push(word);
  }
  return starts.length > 0 ? starts : [literalWord('.')];
}

/** `{}` is something below where the search began. */
function found(word: Word, folder: string): Word {
  if (word.kind !== 'literal' || !word.value.includes('{}')) return word;
  const before = word.value.slice(0, word.value.indexOf('{}'));
  return { kind: 'unresolved', source: word.value, prefix: before === '' ? folder : before, maySplit: false };
}

function onlyPrefix(starts: readonly Word[]): string {
  const [start] = starts;
  const text = start?.kind === 'literal' ? start.value : (start?.prefix ?? '');
  return text === '' || text.startsWith('-') ? './' : `${text.replace(/\/+$/, '')}/`;
}

function deleteFound(
  starts: readonly Word[],
  isAll: boolean,
  part: Pick<PartDraft, 'marks'>,
  context: Parameters<typeof classifyPath>[2],
): void {
  for (const start of starts) {
    const { place, marks } = classifyPath(start, 'delete', context);
    if (place === 'scratch') continue;
    if (isAll && marks.catastrophic) addReason(part, 'catastrophic', marks.catastrophic);
    addReason(part, 'destructive', '`find -delete` deletes all that it finds');
  }
}

function unknownAction(word: Word & { kind: 'unresolved' }): PartDraft['findings'][number] {
  return {
    verdict: 'ask',
    layer: 'commands',
    rule: 'unresolved',
    message: `\`${word.source.slice(0, 80)}\` may be an action of \`find\`, and is not known before it runs`,
  };
}

/** Whether an argument is a test that only some files pass. */
function chooses(word: Word): boolean {
  return (
    word.kind === 'literal' &&
    /^-(?:i?(?:name|path|wholename|regex|lname)|[acm](?:min|time|newer)|newer.*|anewer|cnewer|size|user|group|perm|empty|links|inum|samefile|no(?:user|group)|[ug]id|executable|readable|writable|type|xtype|fstype|false|used)$/.test(
      word.value,
    )
  );
}
