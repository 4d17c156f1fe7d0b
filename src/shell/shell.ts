import type { JudgeContext } from '../domain/judgement';
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

/** What the parts of the analysis ask of each other. */
export interface Shell {
  readonly settings: JudgeContext;
  /** Adds what a part of the command line does. */
  add(part: Part): void;
  /** Adds a finding that asks. */
  ask(rule: string, message: string): void;
  /** Judges a command whose words are resolved: function, builtin, wrapper, interpreter or program. */
  run(command: ResolvedCommand, scope: Scope): void;
  /** Judges text that is given to a shell; null when it is not known. */
  runText(text: string | null, scope: Scope, stdin: StandardInput, source: string): void;
  /** What `work` adds, kept apart. */
  collect(work: () => void): Part;
  contextOf(scope: Scope): CommandContext;
}
