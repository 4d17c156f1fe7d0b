import type { Scope } from './scope';
import type { CommandContext, Part } from './simple-command';
import type { StandardInput, Word } from './word';

/** A command as the shell sees it once its words are resolved, before wrappers are taken off. */
export interface ResolvedCommand {
  words: readonly Word[];
  /** Set for this command alone; null when unknown. */
  assignments: ReadonlyMap<string, string | null>;
  stdin: StandardInput;
  /** As written, for messages. */
  source: string;
}

/** What the parts of the analysis ask of each other. Outputs are what is printed, null where it is not known. */
export interface Shell {
  /** Adds what a part of the command line does. */
  add(part: Part): void;
  /** Adds a finding that asks. */
  ask(rule: string, message: string): void;
  /** What `work` adds, kept apart. */
  collect(work: () => void): Part;
  /** Judges a command whose words are resolved: function, builtin, wrapper, interpreter or program. */
  run(command: ResolvedCommand, scope: Scope): string | null;
  /** Judges text that is given to a shell; null when it is not known. */
  runText(text: string | null, scope: Scope, stdin: StandardInput, source: string): string | null;
  /** Judges text once more when the shell ends, with what it knows then. */
  runAtEnd(text: string | null, scope: Scope, source: string): void;
  /** Runs what stands one level deeper; null, with a finding, where that is too deep. */
  within<T>(work: () => T): T | null;
  /** Runs what has a process of its own beside the shell: a pipe, a background job. */
  forked<T>(work: () => T): T;
  /** Runs `work` with the variables that are set for this command alone. */
  withAssignments<T>(command: ResolvedCommand, scope: Scope, work: () => T): T;
  /** Whether so much was judged already that the rest is refused unseen. */
  isSpent(): boolean;
  contextOf(scope: Scope): CommandContext;
}
