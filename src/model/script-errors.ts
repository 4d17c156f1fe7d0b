import { GatehouseError } from '../domain/errors';

/** A run asked for more turns than its script has. Not retried: the script stays as short as it is. */
export class ScriptExhaustedError extends GatehouseError {
  override readonly name = 'ScriptExhaustedError';

  constructor(file: string, turns: number, turn: number) {
    super(
      'script-exhausted',
      `script \`${file}\` has ${turns} turns and turn ${turn} was asked for; add a turn, or leave out \`calls\` in the last one so that the run ends there`,
    );
  }
}

/** Reality went another way than the script expects. Not retried. */
export class ScriptDepartedError extends GatehouseError {
  override readonly name = 'ScriptDepartedError';

  /** @param came what came instead, in words */
  constructor(file: string, turn: number, expected: string, came: string) {
    super('script-departed', `script \`${file}\`, turn ${turn}: expected ${expected}; ${came}`);
  }
}

/** The script's file cannot be used. Not retried. */
export class ScriptMalformedError extends GatehouseError {
  override readonly name = 'ScriptMalformedError';

  constructor(file: string, line: number | null, what: string, options?: { cause?: unknown }) {
    super('script-malformed', `script \`${file}\`${line === null ? '' : `, line ${line}`}: ${what}`, options);
  }
}
