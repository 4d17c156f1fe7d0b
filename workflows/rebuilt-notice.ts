import type { Rebuilding } from '../src/domain/checkpoint';

/** Names of files are a repository's words: only plain ones stand in what Gatehouse says to the model. */
const PLAIN = /^[\w@+~=,./-]{1,100}$/;

/** Ours, since a host that was taken over could write anything. */
const REASONS: Record<Extract<Rebuilding, { kind: 'cloned' }>['why'], string> = {
  'no-checkpoint': 'it had no checkpoint',
  'checkpoint-unreadable': 'its checkpoint cannot be read',
  'history-gone': 'the repository does not have the commit any more that the run began with',
};

/**
 * What the model is told of its workspace after it was lost; null where nothing is to be told.
 *
 * @param uncheckpointed tools that changed the workspace since its latest checkpoint
 */
export function rebuiltNotice(
  rebuilding: Rebuilding,
  hosts: { before: string; now: string },
  uncheckpointed: readonly string[],
): string | null {
  const where = `the sandbox host ${listed([hosts.before])} lost your workspace, which was made again on ${listed([hosts.now])}`;
  switch (rebuilding.kind) {
    case 'kept':
      return null;
    case 'cloned':
      return [
        `${where} from the repository alone (${REASONS[rebuilding.why]}); whatever else was in it is gone, and the repository may have moved on: look before you go on`,
        ...(uncheckpointed.length > 0 ? [`these calls had changed it: ${listed(uncheckpointed)}`] : []),
      ].join('; ');
    case 'restored': {
      const { ignored, tooLarge, withheld = [] } = rebuilding.notKept;
      return [
        `${where} from its latest checkpoint: branches and files are as they were then, committed or not; nothing is staged, and a merge or rebase under way is not any more`,
        uncheckpointed.length === 0
          ? 'no call that changed it came after that checkpoint'
          : `gone is what these calls changed after it: ${listed(uncheckpointed)}`,
        ...(ignored.length > 0 ? [`gone is what git ignores: ${listed(ignored)}`] : []),
        ...(withheld.length > 0 ? [`gone is what held credentials: ${listed(withheld)}`] : []),
        ...(tooLarge.length > 0 ? [`gone is what is too large to be kept: ${listed(tooLarge)}`] : []),
      ].join('; ');
    }
    default:
      return rebuilding satisfies never;
  }
}

function listed(names: readonly string[]): string {
  const plain = names.filter((name) => PLAIN.test(name)).map((name) => `\`${name}\``);
  const others = names.length - plain.length;
  return [...plain, ...(others > 0 ? [`${others} with another name`] : [])].join(', ');
}
