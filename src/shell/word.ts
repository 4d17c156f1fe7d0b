/**
 * One word of a command after quotes, literal variables and tilde were resolved. A word that holds something only the
 * running shell can know is `unresolved`.
 */
export type Word =
  | {
      kind: 'literal';
      value: string;
      /** Whether it holds an unquoted glob (`*`, `?`, `[…]`), which the shell replaces by file names. */
      hasGlob: boolean;
    }
  | {
      kind: 'unresolved';
      /** As written. */
      source: string;
      /** What is known of its beginning: `/etc/` of `/etc/$name`. */
      prefix: string;
      /** Whether it may become several words or none (unquoted expansion, `"$@"`). */
      maySplit: boolean;
    };

/** A word that is just this text, whatever stands in it. */
export function literalWord(value: string): Word {
  return { kind: 'literal', value, hasGlob: false };
}

/** Text that a command reads on its standard input. */
export type StandardInput =
  /** Known text: a here-document, here-string, or the output of a command whose output is known (`echo`, `printf`). */
  | { kind: 'text'; text: string }
  /** Nothing, or what the caller gives. */
  | { kind: 'none' }
  /** The output of another command, or text with something unresolved in it. */
  | { kind: 'unknown' };
