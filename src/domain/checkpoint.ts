/** Where a run's workspace could be made again from, as the run keeps it. */
export interface CheckpointReference {
  /** The {@link Checkpoint}, by its sha-256 in the artifact store; null while the workspace is as it was cloned. */
  artifact: string | null;
  /** Whether it holds the workspace as it is now; false where the latest could not be kept. */
  isCurrent: boolean;
}

/** A workspace as git objects. Itself an artifact, so that the run's history holds one hash. */
export interface Checkpoint {
  /** The commit that a clone has already, and the packs do not; null where they hold everything. */
  base: string | null;
  /** The commit that the run began with. */
  began: string;
  /** Holds the files as they were, committed or not, on top of `head` and of the checkpoint before. */
  commit: string;
  tree: string;
  head: string;
  /** The branch that was checked out; null for none. */
  branch: string | null;
  /** Branches and the stash. */
  refs: { name: string; commit: string }[];
  /** Packs in the artifact store, in the order they build upon each other. */
  packs: string[];
  notKept: NotKept;
}

/** What a workspace holds and its checkpoint does not. */
export interface NotKept {
  /** Files and folders that git ignores; some of many. */
  ignored: string[];
  /** Files that are too large, where they differ from what is committed. */
  tooLarge: string[];
  /** Files that hold a credential of the run; absent in checkpoints of an earlier release. */
  withheld?: string[];
}

/** What a run knows of a workspace that is to be had no more where it was. */
export interface LostWorkspace {
  /** The host that had it: there it is still good. */
  host: string;
  checkpoint: string | null;
}

/** How a workspace that was lost was made again. */
export type Rebuilding =
  /** It was not lost after all. */
  | { kind: 'kept' }
  | { kind: 'restored'; notKept: NotKept }
  /** From the repository alone. */
  | { kind: 'cloned'; why: 'no-checkpoint' | 'checkpoint-unreadable' | 'history-gone' };
