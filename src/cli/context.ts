import type { CliConfig } from '../config';
import type { Terminal } from './terminal';

/** What every command gets beside its own arguments. */
export interface CliContext {
  config: CliConfig;
  terminal: Terminal;
  /** Where `up` keeps its data, absolute. */
  dataDir: string;
  /** Of the person at the keyboard, unverified. */
  user: string;
  isDebug: boolean;
}

/** What a command answers: 0 done, 1 refused or failed. Bad usage is found before it starts. */
export type ExitCode = 0 | 1;
