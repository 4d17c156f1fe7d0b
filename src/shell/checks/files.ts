import type { Mark } from '../../domain/effect';
import { classifyPath } from '../classify-path';
import { judgeHost } from '../hosts';
import type { Check, Invocation } from '../invocation';
import { addPath } from '../operands';
import { addReason, type PartDraft, raise, shown, unresolved } from '../part-draft';
import type { CommandContext } from '../simple-command';
import { destroyingWord, judgePathLike } from '../unknown-program';
import { literalWord, type Word } from '../word';

/** Checks for programs that write and delete files, where operands or a language of their own decide. */
export const fileChecks: Record<string, Check> = {
  remove(invocation, draft, context) {
    const { command, operands } = invocation;
    const isRecursive = has(invocation, '-r', '-R', '--recursive', '-d', '--dir');
    const maySplit = invocation.doubts.length > 0;
    for (const word of operands) {
      const { place, marks, findings } = classifyPath(word, 'delete', context);
      for (const [mark, because] of Object.entries(marks)) addReason(draft, mark as Mark, because);
      draft.findings.push(...findings);
      const isMany = isRecursive || maySplit || word.kind === 'unresolved' || word.hasGlob;
      if (isMany && place !== 'scratch')
        addReason(draft, 'destructive', `\`${shown(command)}\` deletes ${isRecursive ? 'folders' : 'files'}`);
    }
    if (has(invocation, '--no-preserve-root'))
      addReason(draft, 'catastrophic', `\`${shown(command)}\` gives up the protection of the root`);
  },

  // Moving something away over the null device is deleting it.
  move({ command, operands }, draft) {
    const target = operands.at(-1);
    if (target?.kind === 'literal' && target.value.startsWith('/dev/'))
      addReason(draft, 'destructive', `\`${shown(command)}\` moves files into a device`);
  },

  dd(invocation, draft, context) {
    const { command } = invocation;
    for (const word of invocation.operands) {
      const text = word.kind === 'literal' ? word.value : word.prefix;
      const [, name, rest = ''] = /^(if|of)=(.*)$/s.exec(text) ?? [];
      const path: Word = word.kind === 'literal' ? { ...word, value: rest } : { ...word, prefix: rest };
      if (name === 'of') addPath(path, 'write', draft, command, context);
      else if (name === 'if') addPath(path, 'read', draft, command, context);
      else if (word.kind === 'unresolved' && (text === '' || word.maySplit))
        draft.findings.push(unresolved(command, word, 'may name what it overwrites'));
    }
  },

  tar(invocation, draft, context) {
    const { command, flags } = invocation;
    const operands = [...invocation.operands];
    // `tar xzf a.tgz`: the first word is flags without a dash, and their values follow.
    const [first] = command.args;
    let letters = '';
    let archive: Word | undefined;
    if (first?.kind === 'literal' && /^[A-Za-z]+$/.test(first.value)) {
      letters = first.value;
      operands.shift();
      for (const letter of letters)
        if (letter === 'f') archive = operands.shift();
        else if (letter === 'C') {
          const folder = operands.shift();
          if (folder) addPath(folder, 'write', draft, command, context);
        } else if (/[bTXLVNHg]/.test(letter)) operands.shift();
    }
    const given = (...names: string[]) =>
      has(invocation, ...names) ||
      names.some((name) => name.length === 2 && letters.includes(name[1] ?? '\0'));
    archive ??=
      flags.find(({ names }) => names.some((name) => name === '-f' || name === '--file'))?.value ?? undefined;
    const isList = given('-t', '--list', '-d', '--diff', '--compare');
    const isExtract = given('-x', '--extract', '--get');
    if (isList && !isExtract && !given('-c', '-r', '-u', '-A')) {
      draft.effect = 'read';
      draft.why = `\`${shown(command)}\` lists an archive`;
    }
    if (archive) addPath(archive, isList || isExtract ? 'read' : 'write', draft, command, context);
    for (const { names, value } of flags)
      if (value && names.some((name) => name === '-C' || name === '--directory'))
        addPath(value, isExtract ? 'write' : 'read', draft, command, context);
    if (!isList && !isExtract) for (const word of operands) addPath(word, 'read', draft, command, context);
    if (given('--remove-files', '--recursive-unlink', '--unlink-first'))
      addReason(draft, 'destructive', `\`${shown(command)}\` deletes files`);
    if (given('--delete')) addReason(draft, 'destructive', `\`${shown(command)}\` deletes from an archive`);
    if (given('-P', '--absolute-names') && isExtract)
      addReason(draft, 'host-read', `\`${shown(command)}\` writes wherever the archive says`);
    const [doubt] = invocation.doubts;
    const runs = [
      '--to-command',
      '--checkpoint-action',
      '--use-compress-program',
      '-I',
      '--info-script',
      '--new-volume-script',
      '-F',
      '--rsh-command',
      '--rmt-command',
    ];
    if (has(invocation, ...runs)) runsProgram(invocation, draft, context);
    else if (doubt)
      draft.findings.push(unresolved(command, doubt.word, 'may be a flag that changes what it does'));
  },

  sed(invocation, draft, context) {
    const { command, operands } = invocation;
    const given = valuesOf(invocation, '-e', '--expression');
    const hasFile = valuesOf(invocation, '-f', '--file').length > 0;
    const scripts = given.length > 0 || hasFile ? given : operands.slice(0, 1);
    if (hasFile) raise(draft, 'sandbox', `\`${shown(command)}\` runs a script`);
    if (has(invocation, '--sandbox')) return;
    for (const script of scripts) {
      if (script.kind === 'unresolved') {
        raise(draft, 'sandbox', `\`${shown(command)}\` runs a script`);
        draft.findings.push(unresolved(command, script, 'is a script that may write files and run programs'));
        continue;
      }
      for (const action of sedActions(script.value)) {
        if (action.does === 'runs') runsProgram(invocation, draft, context);
        else {
          const use = action.does === 'reads' ? 'read' : 'write';
          addPath(literalWord(action.path), use, draft, command, context);
        }
      }
    }
  },

  awk(invocation, draft, context) {
    const { command, operands } = invocation;
    const given = valuesOf(invocation, '-e', '--source');
    const hasFile = valuesOf(invocation, '-f', '--file').length > 0;
    for (const script of given.length > 0 || hasFile ? given : operands.slice(0, 1)) {
      if (script.kind === 'unresolved') {
        raise(draft, 'sandbox', `\`${shown(command)}\` runs a script`);
        draft.findings.push(unresolved(command, script, 'is a script that may write files and run programs'));
        continue;
      }
      const { code, texts } = withoutAwkText(script.value);
      if (
        /\bsystem\s*\(|\|&?\s*(?:S|getline|[A-Za-z_])|[S\w)]\s*\|&?\s*getline|\/inet\//.test(
          code.replace(/\|\|/g, ''),
        )
      )
        runsProgram(invocation, draft, context);
      if (/@(?:load|include)\b/.test(code)) raise(draft, 'sandbox', `\`${shown(command)}\` loads code`);
      for (const target of awkTargets(code)) {
        const path = /^S(\d+)$/.exec(target)?.[1];
        const word: Word =
          path === undefined
            ? { kind: 'unresolved', source: target, prefix: '', maySplit: false }
            : literalWord(texts[Number(path)] ?? '');
        addPath(word, 'write', draft, command, context);
      }
      for (const [, path = ''] of script.value.matchAll(/getline[^;}\n<]*<\s*\(?\s*"([^"]+)"/g))
        addPath(literalWord(path), 'read', draft, command, context);
    }
  },

  // `--rawfile NAME FILE`.
  'jq-files'({ command }, draft, context) {
    for (const [index, word] of command.args.entries())
      if (word.kind === 'literal' && /^--(?:rawfile|slurpfile|argfile)$/.test(word.value)) {
        const file = command.args[index + 2];
        if (file) addPath(file, 'read', draft, command, context);
      }
  },

  // `load("FILE")` and its kin in an expression.
  'yq-loads'({ command, operands }, draft, context) {
    for (const word of operands)
      for (const [, path] of (word.kind === 'literal' ? word.value : '').matchAll(
        /\bload(?:_\w+)?\s*\(\s*(?:"([^"]*)")?/g,
      ))
        if (path !== undefined) addPath(literalWord(path), 'read', draft, command, context);
        else draft.findings.push(unresolved(command, word, 'reads a file that it computes'));
  },

  // What a reader of files takes an address for.
  'reads-addresses'({ command, operands, flags }, draft, context) {
    for (const word of [...operands, ...flags.flatMap(({ value }) => value ?? [])])
      if (/^[a-z][a-z0-9+.-]*:\/\//i.test(word.kind === 'literal' ? word.value : word.prefix))
        judgeHost(word, draft, command, context);
  },

  // Commands of `ed` and its like come from the input too; `!` among them runs a program.
  'editor-input'(invocation, draft, context) {
    const { stdin } = invocation.command;
    if (stdin.kind === 'text' ? /^[^\n!]{0,40}!./m.test(stdin.text) : stdin.kind === 'unknown')
      runsProgram(invocation, draft, context);
  },

  'runs-text'(invocation, draft, context) {
    runsProgram(invocation, draft, context);
  },

  'changes-commands'({ command }, draft) {
    draft.findings.push({
      verdict: 'ask',
      layer: 'commands',
      rule: 'changes-commands',
      message: `\`${shown(command)}\` changes what the names of later commands stand for`,
    });
  },

  'like-unknown'({ command }, draft, context) {
    const word = destroyingWord(command.program, command.args);
    if (word !== null)
      addReason(
        draft,
        'destructive',
        `\`${shown(command)}\` has \`${word}\`, which destroys in most programs`,
      );
    for (const each of command.args) judgePathLike(each, draft, context);
  },
};

function runsProgram({ command }: Invocation, draft: PartDraft, _: CommandContext): void {
  raise(draft, 'sandbox', `\`${shown(command)}\` runs another program`);
  draft.findings.push({
    verdict: 'ask',
    layer: 'commands',
    rule: 'runs-program',
    message: `\`${shown(command)}\` runs another program with a flag or from its script`,
  });
}

type SedAction = { does: 'runs' } | { does: 'reads' | 'writes'; path: string };

/** Commands of a sed script that use files or run programs: `r FILE`, `w FILE`, `s///w FILE`, `e`, `s///e`. */
function sedActions(script: string): SedAction[] {
  const actions: SedAction[] = [];
  let at = 0;
  const skip = (expression: RegExp): string => {
    expression.lastIndex = at;
    const found = expression.exec(script)?.[0] ?? '';
    at += found.length;
    return found;
  };
  const delimited = (parts: number) => {
    const mark = script[at++] ?? '';
    for (let part = 0; part < parts; part++) {
      let inClass = false;
      for (; at < script.length; at++) {
        const character = script[at];
        if (character === '\\') at++;
        else if (character === '[' && part === 0 && !inClass) inClass = true;
        else if (character === ']' && inClass) inClass = false;
        // GNU sed ends a pattern at its mark even inside brackets only when the brackets never close.
        else if (character === mark && (!inClass || !script.slice(at).includes(']'))) break;
      }
      at++;
    }
  };
  while (at < script.length) {
    skip(/[\s;{}!]+/y);
    // Addresses.
    for (;;) {
      if (skip(/(?:\d+(?:~\d+)?|\$)/y) !== '') skip(/\s*/y);
      else if (script[at] === '/') {
        delimited(1);
        skip(/[IM]*\s*/y);
      } else if (script[at] === '\\' && script.length > at + 1) {
        at++;
        delimited(1);
        skip(/[IM]*\s*/y);
      } else if (skip(/,\s*[+~]?/y) === '') break;
    }
    skip(/[\s!]+/y);
    const name = script[at++];
    if (name === undefined) break;
    if (name === 's' || name === 'y') {
      delimited(2);
      const flags = skip(/[gpiIeEmM\d]*/y);
      if (name === 's' && /e/.test(flags)) actions.push({ does: 'runs' });
      if (name === 's' && script[at] === 'w') {
        at++;
        actions.push({ does: 'writes', path: skip(/[^\n]*/y).trim() });
      }
    } else if (name === 'w' || name === 'W') actions.push({ does: 'writes', path: skip(/[^\n]*/y).trim() });
    else if (name === 'e') {
      skip(/[^\n]*/y);
      actions.push({ does: 'runs' });
    } else if (/[aic]/.test(name)) skip(/(?:\\\n|[^\n])*/y);
    else if (name === 'r' || name === 'R') actions.push({ does: 'reads', path: skip(/[^\n]*/y).trim() });
    else if (/[btT:]/.test(name)) skip(/[^\n;}]*/y);
    else if (name === '#') skip(/[^\n]*/y);
  }
  return actions;
}

/** An awk program with its strings as `S0`, `S1`, …, and its patterns and comments away. */
function withoutAwkText(program: string): { code: string; texts: string[] } {
  const texts: string[] = [];
  const code = program
    .replace(/"((?:[^"\\\n]|\\[\s\S])*)"/g, (_, text: string) => `S${texts.push(text) - 1}`)
    .replace(/(^|[\s(,!~{;&|])\/(?:[^/\\\n]|\\.)+\//g, '$1P')
    .replace(/#[^\n]*/g, '');
  return { code, texts };
}

/** What follows `>` or `>>` after a `print`; within parentheses `>` compares. */
function awkTargets(code: string): string[] {
  let flat = code;
  for (let before = ''; before !== flat; ) {
    before = flat;
    flat = flat.replace(/\([^()]*\)/g, ' G ');
  }
  return [...flat.matchAll(/\bprintf?\b[^;}\n>]*>>?\s*([^;}\n]*)/g)].map(([, target = '']) => target.trim());
}

function has({ flags }: Invocation, ...names: string[]): boolean {
  return flags.some(({ names: given }) => given.some((name) => names.includes(name)));
}

function valuesOf({ flags }: Invocation, ...names: string[]): Word[] {
  return flags.flatMap(({ names: given, value }) =>
    value !== null && given.some((name) => names.includes(name)) ? [value] : [],
  );
}
