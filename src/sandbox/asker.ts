import type { GrantClaims } from '../domain/grant';
import type { ProgramAnswer } from '../domain/program-question';

/** A question of a program that this host runs. */
export interface HostQuestion {
  /** Of the grant that the call executes under. */
  grant: GrantClaims;
  callId: string;
  /** Counts the questions of one execution, from 1. */
  number: number;
  /** How often nobody could be asked so far. */
  attempt: number;
  question: string;
  options: string[];
}

/** The way from a sandbox host to the people of a run. */
export interface Asker {
  /**
   * Waits until a person answered, as long as that takes; connections that break meanwhile are made again.
   *
   * @throws what the signal was aborted with
   */
  ask(question: HostQuestion, signal: AbortSignal): Promise<ProgramAnswer>;
}
