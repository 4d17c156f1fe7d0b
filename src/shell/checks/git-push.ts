import type { Finding } from '../../domain/decision';
import { matchesBranch } from '../../domain/glob';
import type { Invocation } from '../invocation';
import { addReason, type PartDraft, shown, textOf, unresolved } from '../part-draft';
import type { CommandContext } from '../simple-command';
import type { Word } from '../word';
import { judgeAddress } from './git-remote';

/** The remote a workspace is cloned with. */
const CONFIGURED_REMOTE = 'origin';

/**
 * `git push`: open to the run's own branch on the configured remote, refused to a protected branch, asked for anywhere
 * else and for a target that the text does not name.
 */
export function gitPush(invocation: Invocation, draft: PartDraft, context: CommandContext): void {
  const { command } = invocation;
  judgeRemote(invocation, draft, context);
  judgeOptions(invocation, draft);
  if (has(invocation, '--all', '--branches', '--mirror')) {
    refuse('every branch', 'protected ones among them', invocation, draft);
    return;
  }
  const refspecs = targetsOf(invocation);
  if (has(invocation, '--tags') && refspecs.length === 0) {
    elsewhere('its tags', invocation, draft);
    return;
  }
  if (refspecs.length === 0)
    ask(draft, 'unresolved', `\`${shown(command)}\` does not say which branch it pushes to`);
  for (const refspec of refspecs) judgeRefspec(refspec, invocation, draft, context);
}

function judgeRemote(invocation: Invocation, draft: PartDraft, context: CommandContext): void {
  const { command, operands, flags } = invocation;
  const remote = operands[0] ?? flags.find(({ names }) => names.includes('--repo'))?.value;
  if (!remote) return;
  if (remote.kind === 'unresolved') draft.findings.push(unresolved(command, remote, 'is where it pushes to'));
  else if (remote.value !== CONFIGURED_REMOTE) {
    judgeAddress(remote, 'name', invocation, draft, context);
    elsewhere(`\`${textOf(remote)}\``, invocation, draft);
  }
}

/** A forge does what it is told by an option of a push: it opens or merges a request, or starts a pipeline. */
function judgeOptions({ command, flags }: Invocation, draft: PartDraft): void {
  for (const { names, value } of flags) {
    if (!names.some((name) => name === '-o' || name === '--push-option')) continue;
    if (value?.kind === 'literal' && value.value === 'ci.skip') continue;
    if (value?.kind !== 'literal' || value.value.startsWith('merge_request'))
      draft.approvalFlags = ['prCreation'];
    ask(
      draft,
      'push-option',
      `\`${shown(command)}\` tells the forge what to do with the push: it may open or merge a request by that`,
    );
  }
}

function judgeRefspec(
  refspec: Word,
  invocation: Invocation,
  draft: PartDraft,
  context: CommandContext,
): void {
  const { command } = invocation;
  if (refspec.kind === 'unresolved') {
    if (refspec.prefix.startsWith('+')) force(invocation, draft);
    draft.findings.push(unresolved(command, refspec, 'is what it pushes to'));
    return;
  }
  const text = refspec.value.replace(/^\+/, '');
  if (text !== refspec.value) force(invocation, draft);
  if (text === ':') {
    refuse('every branch', 'protected ones among them', invocation, draft);
    return;
  }
  const colon = text.indexOf(':');
  if (colon === 0) addReason(draft, 'destructive', `\`${shown(command)}\` deletes a branch of the remote`);
  const target = text.slice(colon + 1).replace(/^(?:refs\/)?heads\//, '');
  if (target === '' || target === 'HEAD' || target === '@') {
    ask(draft, 'unresolved', `\`${shown(command)}\` pushes to the branch it happens to be on`);
    return;
  }
  const { branch, settings } = context;
  const pattern = target.includes('*')
    ? settings.protectedBranches.find((each) => mayMeet(each, target))
    : settings.protectedBranches.find((each) => matchesBranch(each, target));
  if (pattern !== undefined)
    refuse(
      `\`${target}\``,
      `a protected branch (\`${pattern}\`); push your own branch \`${branch}\``,
      invocation,
      draft,
    );
  else if (target !== branch) elsewhere(`\`${target}\``, invocation, draft);
}

/** The refspecs; `tag v1` is one of two words. */
function targetsOf({ operands }: Invocation): Word[] {
  const targets: Word[] = [];
  const words = operands.slice(1);
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const tag = word.kind === 'literal' && word.value === 'tag' ? words.shift() : undefined;
    if (tag?.kind === 'literal') targets.push({ ...tag, value: `refs/tags/${tag.value}` });
    else targets.push(tag ?? word);
  }
  return targets;
}

/** Whether two patterns may fit one branch, by what stands before their first `*`. */
function mayMeet(one: string, other: string): boolean {
  const [first = '', second = ''] = [one, other].map((each) => (each.split('*', 1)[0] ?? '').toLowerCase());
  return one.includes('*') ? first.startsWith(second) || second.startsWith(first) : first.startsWith(second);
}

function force({ command }: Invocation, draft: PartDraft): void {
  addReason(draft, 'destructive', `\`${shown(command)}\` replaces what the branch holds`);
}

function refuse(what: string, why: string, { command }: Invocation, draft: PartDraft): void {
  addReason(draft, 'catastrophic', `\`${shown(command)}\` pushes to ${what}, ${why}`);
  draft.findings.push({
    verdict: 'deny',
    layer: 'commands',
    rule: 'protected-branch',
    message: `\`${shown(command)}\` would push to ${what}, ${why}`,
  });
}

function elsewhere(what: string, { command }: Invocation, draft: PartDraft): void {
  ask(
    draft,
    'push-elsewhere',
    `\`${shown(command)}\` pushes ${what}, which is not the run's own branch on its own remote`,
  );
}

function ask(draft: PartDraft, rule: string, message: string): void {
  const finding: Finding = { verdict: 'ask', layer: 'commands', rule, message };
  draft.findings.push(finding);
}

function has({ flags }: Invocation, ...names: string[]): boolean {
  return flags.some((flag) => flag.names.some((name) => names.includes(name)));
}
