import type { Mark } from '../domain/effect';
import { classifyPath } from './classify-path';
import { judgeHost } from './hosts';
import { addReason, type PartDraft } from './part-draft';
import type { Scope } from './scope';
import type { Shell } from './shell';
import type { SimpleCommand } from './simple-command';
import { judgePathLike } from './unknown-program';
import { literalWord } from './word';

/**
 * Looks at the text of a program in another language (`python -c`, `perl -e`): it runs in the sandbox whatever it says;
 * here it is searched for what it plainly does: text handed to a shell, deletions, files and hosts it names. No proof of
 * anything: what is hidden well is for the sandbox to contain.
 */
export function judgeInlineCode(code: string, command: SimpleCommand, scope: Scope, shell: Shell): void {
  const context = shell.contextOf(scope);
  const part: Pick<PartDraft, 'effect' | 'why' | 'marks' | 'findings'> = {
    effect: 'sandbox',
    why: `\`${command.program}\` runs a program`,
    marks: {},
    findings: [],
  };
  for (const call of callsIn(code, command.program)) {
    if (isShellCall(call.name)) {
      if (call.text === null)
        shell.ask(
          'unresolved',
          `\`${call.name}\` in \`${command.program}\` hands text to a shell that is not known before it runs`,
        );
      else shell.runText(call.text, scope, { kind: 'none' }, call.text);
    }
    if (DESTROYERS.test(call.name)) {
      const target = literalWord(call.text ?? '');
      const { place, marks } = classifyPath(target, 'delete', context);
      if (call.text !== null && marks.catastrophic) addReason(part, 'catastrophic', marks.catastrophic);
      if (call.text === null || place !== 'scratch')
        addReason(part, 'destructive', `\`${call.name}\` in \`${command.program}\` deletes`);
    }
  }
  if (/^(?:pwsh|powershell)/.test(command.program) && POWERSHELL_DESTROYS.test(code))
    addReason(part, 'destructive', `a command in \`${command.program}\` deletes`);
  for (const text of stringsIn(code)) {
    const word = literalWord(text);
    if (/^(?:https?|ftp|wss?|tcp|postgres(?:ql)?|mysql|mongodb(?:\+srv)?|redis):\/\/[^/]/i.test(text))
      judgeHost(word, part, command, context);
    else if (/^(?:~|\/|\.\.?\/)[^\s]*$/.test(text)) {
      const path = text.startsWith('~/') ? `/home/agent${text.slice(1)}` : text;
      judgePathLike(literalWord(path), part, context);
    } else if (/^[\w.-]+\.[\w-]+$|^\.[\w.-]+$/.test(text)) {
      const { marks } = classifyPath(word, 'read', context);
      const secret: Mark = 'secret';
      if (marks.secret) addReason(part, secret, marks.secret);
    }
  }
  shell.add(part);
}

interface Call {
  /** With what it is called on: `os.system`. */
  name: string;
  /** The first argument, or the words of a list, where it is text; null otherwise. */
  text: string | null;
}

const STRING =
  /(?:'''([\s\S]*?)'''|"""([\s\S]*?)"""|'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)"|`((?:\\.|[^`\\])*)`)/y;

function stringAt(code: string, index: number): { text: string; end: number } | null {
  STRING.lastIndex = index;
  const found = STRING.exec(code);
  if (!found) return null;
  const text = found.slice(1).find((group) => group !== undefined) ?? '';
  return { text: text.replace(/\\(['"`\\/])/g, '$1'), end: STRING.lastIndex };
}

function stringsIn(code: string): string[] {
  const strings: string[] = [];
  for (let index = 0; index < code.length && strings.length < 200; index++) {
    const string = /['"`]/.test(code[index] ?? '') ? stringAt(code, index) : null;
    if (!string) continue;
    strings.push(string.text);
    index = string.end - 1;
  }
  return strings;
}

function callsIn(code: string, program: string): Call[] {
  const calls: Call[] = [];
  for (const found of code.matchAll(
    /([A-Za-z_$][\w$]*(?:(?:\.|::?|->)[A-Za-z_$][\w$]*)*)(?:!|\s*\(|\s+(?=['"]))/g,
  )) {
    const name = found[1] ?? '';
    calls.push({ name, text: firstArgument(code, found.index + found[0].length) });
    if (calls.length > 200) break;
  }
  for (const found of code.matchAll(/\bdo\s+shell\s+script\b/g))
    calls.push({ name: 'system', text: firstArgument(code, found.index + found[0].length) });
  // Without parentheses, and with something computed: `system $_`, `unlink glob "*"`.
  if (/^(?:perl|j?ruby)/.test(program))
    for (const found of code.matchAll(/\b(system|exec|unlink|rmtree|remove_tree|rmdir)\s+(?=[$@\w])/g))
      calls.push({ name: found[1] ?? '', text: null });
  // `open(F, "|rm x")`, `open F, "rm x |"`.
  if (/^(?:perl|j?ruby)/.test(program))
    for (const found of code.matchAll(/\bopen\b[^;'"]*(['"])\s*(?:\|\s*([^'"]*)|([^'"|]*)\|\s*)\1/g))
      calls.push({ name: 'system', text: found[2] ?? found[3] ?? null });
  // `(system "rm x")`, `exec rm x`, `spawn rm x`.
  if (LISPS.test(program))
    for (const found of code.matchAll(/\((?:system\*?|shell-command|run-program|sh)\s+/g))
      calls.push({ name: 'system', text: firstArgument(code, found.index + found[0].length) });
  if (TCLS.test(program))
    for (const found of code.matchAll(/(?:^|[;[{\n])\s*(?:exec|spawn|system)\s+([^\]}\n;]*)/g))
      calls.push({ name: 'system', text: found[1] ?? null });
  // `"rm x".execute()`.
  if (/^(?:groovy|scala)/.test(program))
    for (const found of code.matchAll(/(['"])([^'"]*)\1\s*\.\s*(?:execute|!!?)/g))
      calls.push({ name: 'system', text: found[2] ?? null });
  // Bun's and zx's `$` before a template.
  if (/^(?:node|bun|deno|tsx|ts-node)/.test(program))
    for (const found of code.matchAll(/\$`((?:\\.|[^`\\])*)`/g))
      calls.push({ name: 'system', text: found[1]?.includes('${') ? null : (found[1] ?? null) });
  // Backticks are a shell in Perl, Ruby, PHP and Julia; in JavaScript they are text.
  for (const found of code.matchAll(/%x[{([]([^})\]]*)[})\]]|\bqx[{([/]([^})\]/]*)[})\]/]/g))
    calls.push({ name: 'system', text: found[1] ?? found[2] ?? null });
  if (/^(?:perl|j?ruby|php|julia)/.test(program))
    for (const found of code.matchAll(/`((?:\\.|[^`\\])*)`/g))
      calls.push({ name: 'system', text: found[1] ?? null });
  for (const found of code.matchAll(/\b(system|exec)\s*\(?\s*qw[{([/]([^})\]/]*)/g))
    calls.push({ name: 'system', text: found[2] ?? null });
  // Whatever name a module was imported under: a list that begins with a program is what it runs.
  for (const found of code.matchAll(/\.(?:run|call|spawn|spawnSync|execFile|execFileSync|Popen)\s*\(\s*\[/g))
    calls.push({ name: 'system', text: listAt(code, found.index + found[0].length) });
  return calls;
}

const LISPS = /^(?:guile|racket|sbcl|clojure|bb|emacs)/;
const TCLS = /^(?:tclsh|expect|wish)/;

function firstArgument(code: string, start: number): string | null {
  let index = start;
  while (/[\s(]/.test(code[index] ?? '')) index++;
  if (code[index] === '[') return listAt(code, index + 1);
  if (/^[fbr]{1,2}['"]/i.test(code.slice(index, index + 3))) {
    const isTemplate = /^[br]*f/i.test(code.slice(index, index + 3));
    index = code.slice(index).search(/['"]/) + index;
    const string = stringAt(code, index);
    return string && !(isTemplate && string.text.includes('{')) ? string.text : null;
  }
  const string = stringAt(code, index);
  if (!string || /^\s*[+%.]\s*\w/.test(code.slice(string.end))) return null;
  // Further texts are further words: `system("rm", "-rf", "/")`.
  const more = /^\s*,\s*(?=['"[])/.exec(code.slice(string.end));
  const rest = more ? firstArgument(code, string.end + more[0].length) : '';
  return rest === null ? string.text : `${string.text}${rest === '' ? '' : ` ${rest}`}`;
}

function listAt(code: string, start: number): string | null {
  const words: string[] = [];
  let index = start;
  for (;;) {
    while (/[\s,]/.test(code[index] ?? '')) index++;
    if (code[index] === ']') return words.join(' ');
    const string = stringAt(code, index);
    if (!string) return null;
    words.push(
      /^[\w@%+=:,./-]+$/.test(string.text) ? string.text : `'${string.text.replaceAll("'", `'\\''`)}'`,
    );
    index = string.end;
  }
}

function isShellCall(name: string): boolean {
  return (
    SHELLS.test(name) ||
    /^(?:subprocess|sp|child_process|cp|commands|pty|Open3|IO|Process|Kernel|asyncio)(?:\.|::)(?:run|call|check_call|check_output|Popen|popen|getoutput|getstatusoutput|exec|execSync|execFile|execFileSync|spawn|spawnSync|system|capture2e?|create_subprocess_\w+)$/.test(
      name,
    )
  );
}

const SHELLS =
  /(?:^|\.|::)(?:system|popen|popen2|popen3|shell_exec|passthru|proc_open|getoutput|getstatusoutput|execSync|spawnSync|execFileSync|check_output|check_call|Popen|execl|execlp|execv|execvp|os\.execute|os:cmd|System\.cmd|System\.shell|run_command|spawn[lv]p?e?)$|^(?:exec|eval)$/;
const DESTROYERS =
  /(?:^|\.|::|->)(?:rmtree|remove_?tree|removedirs|rmdir|rmdirSync|unlink|unlinkSync|rmSync|rm_rf|rm_r|rm_f|remove_dir_all|delete_tree|deleteTree|rimraf|secure_delete|remove_entry|removeSync)$|^(?:os|fs|fsp|File|Dir|FileUtils|shutil|pathlib|Path|fs\.promises|Deno|Bun)(?:\.|::)(?:remove|rm|delete|rmdir|unlink|truncate|removeSync|emptyDir|emptyDirSync)$/;
/** Commands of PowerShell say in their first word what they do; its short names delete with a flag or a wildcard. */
const POWERSHELL_DESTROYS =
  /\b(?:Remove|Clear|Uninstall|Reset|Format|Initialize)-[A-Za-z]+|\b(?:rm|ri|rd|rmdir|del|erase)\b[^;|\n]*(?:\s[-/][rs]|\*)/i;
