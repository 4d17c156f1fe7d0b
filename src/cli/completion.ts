import type { Command } from 'commander';
import type { CliContext, ExitCode } from './context';
import { withStack } from './with-stack';

export type Shell = 'bash' | 'zsh' | 'fish';

/** What may follow some words. */
export interface CompletionNode {
  /** The subcommands so far, as `policy publish`; empty for the program itself. */
  path: string;
  /** Subcommands and options. */
  words: string[];
  /** What its first argument is an id of; null for none that is cheap to list. */
  ids: IdKind | null;
}

type IdKind = 'runs' | 'approvals' | 'standing' | 'questions' | 'agents';

/** Arguments that have no telling name. */
const IDS: Readonly<Record<string, IdKind>> = {
  approve: 'approvals',
  deny: 'approvals',
  answer: 'questions',
  'approvals show': 'approvals',
  'approvals revoke': 'standing',
};

/** The tree of commands, flat. */
export function completionNodes(program: Command): CompletionNode[] {
  return nodesOf(program, '');
}

/** `gatehouse completion SHELL`. */
export async function printCompletion(
  { terminal }: CliContext,
  program: Command,
  shell: Shell,
): Promise<ExitCode> {
  const nodes = completionNodes(program);
  const script = { bash, zsh, fish }[shell](nodes);
  if (terminal.isJson) terminal.printJson({ shell, script });
  else terminal.print(script);
  return 0;
}

/** `gatehouse complete-ids KIND`: ids to choose from, one a line; nothing where no stack runs. */
export async function printIds(context: CliContext, kind: string): Promise<ExitCode> {
  const { terminal } = context;
  try {
    return await withStack(context, async (commands) => {
      for (const id of await idsOf(kind, commands)) terminal.print(id);
      return 0;
    });
  } catch {
    // Somebody presses TAB: no place for messages.
    return 0;
  }
}

async function idsOf(
  kind: string,
  commands: Parameters<Parameters<typeof withStack>[1]>[0],
): Promise<string[]> {
  switch (kind as IdKind) {
    case 'runs':
      return (await commands.listRuns({ limit: 50 })).runs.map(({ id }) => id);
    case 'approvals':
      return (await commands.listPending()).approvals.map(({ id }) => id);
    case 'standing':
      return (await commands.listStandingInForce()).map(({ approvalId }) => approvalId);
    case 'questions':
      return (await commands.listPending()).questions.map(({ id }) => id);
    case 'agents':
      return (await commands.listAgents()).map(({ definition }) => definition.name);
    default:
      return [];
  }
}

function nodesOf(command: Command, path: string): CompletionNode[] {
  const help = command.createHelp();
  const children = help.visibleCommands(command);
  const words = [
    ...children.map((child) => child.name()),
    ...help.visibleOptions(command).flatMap(({ long }) => long ?? []),
    ...command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
  ];
  const own: CompletionNode = {
    path,
    words,
    ids: IDS[path] ?? idsByName(command.registeredArguments[0]?.name()),
  };
  return [
    own,
    ...children
      .filter((child) => child.name() !== 'help')
      .flatMap((child) => nodesOf(child, path === '' ? child.name() : `${path} ${child.name()}`)),
  ];
}

function idsByName(name: string | undefined): IdKind | null {
  if (name === 'run') return 'runs';
  return name === 'agent' ? 'agents' : null;
}

function bash(nodes: readonly CompletionNode[]): string {
  return `# gatehouse: source <(gatehouse completion bash)
${shellFunctions(nodes)}
_gatehouse() {
  local current="\${COMP_WORDS[COMP_CWORD]}" at="" index
  for ((index = 1; index < COMP_CWORD; index++)); do
    _gatehouse_walk "\${COMP_WORDS[index]}"
  done
  local found
  found="$(_gatehouse_words "$at")"
  if [[ $current != -* ]]; then found+=" $(_gatehouse_ids "$at" "\${COMP_WORDS[0]}")"; fi
  COMPREPLY=($(compgen -W "$found" -- "$current"))
}
complete -o default -F _gatehouse gatehouse`;
}

function zsh(nodes: readonly CompletionNode[]): string {
  return `#compdef gatehouse
# gatehouse: source <(gatehouse completion zsh), after compinit
${shellFunctions(nodes)}
_gatehouse() {
  local at="" index
  for ((index = 2; index < CURRENT; index++)); do
    _gatehouse_walk "\${words[index]}"
  done
  local -a found
  found=(\${(z)"$(_gatehouse_words "$at")"})
  if [[ \${words[CURRENT]} != -* ]]; then found+=(\${(z)"$(_gatehouse_ids "$at" "\${words[1]}")"}); fi
  compadd -a found
}
compdef _gatehouse gatehouse`;
}

/** Functions of both bash and zsh, where `path` is the folders of programs. */
function shellFunctions(nodes: readonly CompletionNode[]): string {
  const inner = nodes.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`);
  return `_gatehouse_walk() {
  case "\${at:+$at }$1" in
    ${inner.join('|')}) at="\${at:+$at }$1" ;;
  esac
}
_gatehouse_words() {
  case "$1" in
${nodes.map(({ path, words }) => `    '${path}') echo '${words.join(' ')}' ;;`).join('\n')}
  esac
}
_gatehouse_ids() {
  case "$1" in
${nodes.flatMap(({ path, ids }) => (ids === null ? [] : [`    '${path}') "$2" complete-ids ${ids} 2>/dev/null | tr '\\n' ' ' ;;`])).join('\n')}
  esac
}`;
}

function fish(nodes: readonly CompletionNode[]): string {
  const inner = nodes.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`);
  return `# gatehouse: gatehouse completion fish | source
function __gatehouse_path
  set -l path ''
  for word in (commandline -opc)[2..-1]
    set -l next (string trim -- "$path $word")
    if contains -- "$next" ${inner.join(' ')}
      set path $next
    end
  end
  echo $path
end
complete -c gatehouse -f
${nodes.map(({ path, words }) => `complete -c gatehouse -n 'test (__gatehouse_path) = "${path}"' -a '${words.join(' ')}'`).join('\n')}
${nodes.flatMap(({ path, ids }) => (ids === null ? [] : [`complete -c gatehouse -n 'test (__gatehouse_path) = "${path}"' -a '(gatehouse complete-ids ${ids} 2>/dev/null)'`])).join('\n')}`;
}
