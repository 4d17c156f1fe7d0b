import pc from 'picocolors';

/** Where a command's words go: results to stdout, everything else to stderr. */
export interface Terminal {
  readonly isJson: boolean;
  /** Whether a person may be asked: both input and messages are on a terminal. */
  readonly isInteractive: boolean;
  /** For results; plain when stdout is not a terminal. */
  readonly colours: Colours;
  /** For messages; plain when stderr is not a terminal. */
  readonly messageColours: Colours;
  /** One line, or several, of the result. */
  print(text: string): void;
  /** One line of JSON. */
  printJson(value: unknown): void;
  /** Progress: what a person may want to read, and a program need not. */
  note(line: string): void;
  warn(line: string): void;
}

export type Colours = ReturnType<typeof pc.createColors>;

export interface TerminalOptions {
  isJson: boolean;
  /** `NO_COLOR` of the environment, whatever its value. */
  noColor?: string;
  stdout?: NodeJS.WriteStream;
  stderr?: NodeJS.WriteStream;
  stdin?: NodeJS.ReadStream;
}

/** Opens the terminal of this process. */
export function openTerminal(options: TerminalOptions): Terminal {
  const {
    isJson,
    noColor,
    stdout = process.stdout,
    stderr = process.stderr,
    stdin = process.stdin,
  } = options;
  const coloursOf = (stream: NodeJS.WriteStream) => pc.createColors(stream.isTTY === true && !noColor);
  const messageColours = coloursOf(stderr);
  return {
    isJson,
    isInteractive: stdin.isTTY === true && stderr.isTTY === true,
    colours: coloursOf(stdout),
    messageColours,
    print: (text) => void stdout.write(`${text}\n`),
    printJson: (value) => void stdout.write(`${JSON.stringify(value)}\n`),
    note: (line) => void stderr.write(`${messageColours.dim(line)}\n`),
    warn: (line) => void stderr.write(`${messageColours.yellow('warning:')} ${line}\n`),
  };
}
