import type { Invocation } from '../invocation';
import { addPath } from '../operands';
import { type PartDraft, raise, shown, textOf, unresolved } from '../part-draft';
import type { CommandContext } from '../simple-command';
import { literalWord, type Word } from '../word';

/**
 * Settings that git takes for one command: `git -c name=value` and its variables. Those that name a program, or another
 * place for pushes and settings, make any command of git run it.
 */
export function gitSettings({ command }: Invocation, draft: PartDraft, context: CommandContext): void {
  const words = [...command.args];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const text = word.kind === 'literal' ? word.value : word.prefix;
    if (!text.startsWith('-')) break;
    if (/^--exec-path=/.test(text)) doubt(`takes its programs from ${quoted(word)}`, command, draft);
    else if (/^--config-env(?:=|$)/.test(text)) doubt('takes a setting from a variable', command, draft);
    else if (text.startsWith('-c'))
      judgeSetting(text === '-c' ? words.shift() : cut(word, 2), command, draft);
    else if (text === '--git-dir') judgeFolder(words.shift(), command, draft, context);
    else if (text.startsWith('--git-dir='))
      judgeFolder(cut(word, '--git-dir='.length), command, draft, context);
    else if (VALUE_FLAGS.has(text)) words.shift();
  }
  for (const [name, value] of command.assignments) {
    if (name === 'GIT_DIR' || name === 'GIT_COMMON_DIR')
      judgeFolder(
        value === null
          ? { kind: 'unresolved', source: `$${name}`, prefix: '', maySplit: false }
          : literalWord(value),
        command,
        draft,
        context,
      );
    if (PROGRAM_VARIABLES.test(name) && !isHarmlessProgram(value))
      doubt(`sets \`${name}\`, which names a program that git runs`, command, draft);
    if (SETTING_VARIABLES.test(name)) doubt(`sets \`${name}\`, which changes git's settings`, command, draft);
  }
}

/** `git config name value`. */
export function gitConfig(
  { command, operands, flags }: Invocation,
  draft: PartDraft,
  context: CommandContext,
): void {
  if (draft.effect === 'read') return;
  const [name, value] = operands;
  for (const { names, value: file } of flags)
    if (file && (names.includes('-f') || names.includes('--file')))
      addPath(file, 'write', draft, command, context);
  if (flags.some(({ names }) => names.includes('--edit') || names.includes('-e')))
    doubt('opens the settings in an editor', command, draft);
  if (!name || (!value && !flags.some(({ names }) => names.some((each) => each.startsWith('--'))))) return;
  if (name.kind === 'unresolved') draft.findings.push(unresolved(command, name, 'names the setting'));
  else judgePair(name.value, value?.kind === 'literal' ? value.value : value ? null : '', command, draft);
}

const VALUE_FLAGS = new Set(['-C', '--work-tree', '--namespace', '--super-prefix', '--attr-source']);

const PROGRAM_VARIABLES =
  /^(?:GIT_(?:SSH|SSH_COMMAND|EDITOR|SEQUENCE_EDITOR|PAGER|ASKPASS|EXTERNAL_DIFF|PROXY_COMMAND)|SSH_ASKPASS|EDITOR|VISUAL|PAGER)$/;
const SETTING_VARIABLES = /^GIT_(?:CONFIG|CONFIG_.*|EXEC_PATH|TEMPLATE_DIR|ALLOW_PROTOCOL|ATTR_SOURCE)$/;

/** Settings whose value is a program or a text for the shell, or that lead git to another place. Names in lower case. */
const POWERFUL = [
  /^core\.(?:sshcommand|editor|pager|fsmonitor|hookspath|askpass|gitproxy|worktree|alternaterefscommand)$/,
  /^(?:sequence\.editor|interactive\.difffilter|diff\.external|uploadpack\.packobjectshook|init\.templatedir)$/,
  /^(?:alias|pager|filter|includeif|protocol|url|credential|browser|man|sendemail|trailer|guitool|tar)\./,
  /^include\.path$/,
  /^(?:diff|merge|mergetool|difftool|gpg|submodule|remote|hook|lfs)\..*(?:command|textconv|driver|cmd|path|program|update|uploadpack|receivepack|proxy|url|pushurl|vcs)$/,
  /^(?:gpg\.program|lfs\..*path)$/,
  /^(?:http|https)\.(?:.*\.)?(?:proxy|sslverify|extraheader|cookiefile)$/,
  /^(?:push\.default|remote\.pushdefault|branch\..*\.(?:remote|pushremote|merge))$/,
];

/** Programs that only show text or do nothing. */
const HARMLESS =
  /^(?:|true|:|cat|less(?: -[A-Za-z]+)?|more|vi|vim|nvim|nano|false|code --wait|simple|current|upstream|nothing)$/;

function judgeSetting(setting: Word | undefined, command: Invocation['command'], draft: PartDraft): void {
  if (!setting) return;
  const text = setting.kind === 'literal' ? setting.value : setting.prefix;
  const equals = text.indexOf('=');
  if (setting.kind === 'unresolved' && equals < 0)
    draft.findings.push(unresolved(command, setting, 'names a setting'));
  else {
    const name = equals < 0 ? text : text.slice(0, equals);
    judgePair(name, setting.kind === 'literal' ? text.slice(name.length + 1) : null, command, draft);
  }
}

/** Another repository than the workspace's own brings its own settings, and so programs. */
function judgeFolder(
  folder: Word | undefined,
  command: Invocation['command'],
  draft: PartDraft,
  context: CommandContext,
): void {
  if (!folder || (folder.kind === 'literal' && /^(?:\.\/)?\.git\/?$/.test(folder.value))) return;
  raise(draft, 'sandbox', `\`${shown(command)}\` takes the settings of another repository`);
  addPath(folder, 'read', draft, command, context);
}

/** @param value null when it is not known before the command runs */
function judgePair(
  name: string,
  value: string | null,
  command: Invocation['command'],
  draft: PartDraft,
): void {
  if (isHarmlessProgram(value)) return;
  if (POWERFUL.some((pattern) => pattern.test(name.toLowerCase())))
    doubt(`sets \`${name}\`, which decides what git runs or where it reaches`, command, draft);
}

function isHarmlessProgram(value: string | null): boolean {
  return value !== null && HARMLESS.test(value.trim());
}

function doubt(what: string, command: Invocation['command'], draft: PartDraft): void {
  raise(draft, 'sandbox', `\`${shown(command)}\` ${what}`);
  draft.findings.push({
    verdict: 'ask',
    layer: 'commands',
    rule: 'git-setting',
    message: `\`${shown(command)}\` ${what}`,
  });
}

function quoted(word: Word): string {
  return `\`${textOf(word)}\``;
}

function cut(word: Word, from: number): Word {
  return word.kind === 'literal'
    ? { ...word, value: word.value.slice(from) }
    : { ...word, prefix: word.prefix.slice(from) };
}
