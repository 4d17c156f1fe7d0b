import type { Finding } from '../domain/decision';
import type { Effect, Mark } from '../domain/effect';
import type { Iteration, JudgeContext } from '../domain/judgement';
import type { ApprovalFlag } from '../domain/permissions';
import type { StandardInput, Word } from './word';

/** One program with its arguments, wrappers taken off: what the tables judge. */
export interface SimpleCommand {
  /** Base name of the program: `rm` of `/bin/rm`. Always resolved; an unresolved program never gets here. */
  program: string;
  /** What follows the program. */
  args: readonly Word[];
  /** Variables set for this command alone (`PGPASSWORD=x psql`); null when unresolved. */
  assignments: ReadonlyMap<string, string | null>;
  stdin: StandardInput;
  /** As written, for messages. */
  source: string;
}

/** What judging one command needs to know beside it. */
export interface CommandContext extends JudgeContext {
  /** Folder the command runs in, as an absolute path inside the sandbox; null when a `cd` could not be followed. */
  cwd: string | null;
  /** Other folders it may run in, where a `cd` may have failed. */
  otherFolders?: readonly string[];
}

/** What one part of a command line does. A whole line has the highest effect and all marks of its parts. */
export interface Part {
  effect: Effect;
  /** Each mark with its reason: a clause that completes "… because", such as "`rm -r build` deletes a folder". */
  marks: Partial<Record<Mark, string>>;
  /** Why the effect is what it is, as a clause. */
  why: string;
  /** Further findings, such as an unresolved target: layer `commands`. */
  findings?: Finding[];
  approvalFlags?: ApprovalFlag[];
  iteration?: Iteration;
}
