const NEWLINE = 0x0a;

/** Lines that a chunk of input completes; null for one that was longer than is kept. */
export type CompletedLines = (Buffer | null)[];

/** Cuts a stream of bytes into lines, and never keeps more of one than it may be long. */
export class BoundedLines {
  private kept: Buffer[] = [];
  private length = 0;

  /** @param maxLength in bytes, without the line end */
  constructor(private readonly maxLength: number) {}

  /** The lines that end in this chunk, without their line ends. */
  take(chunk: Buffer): CompletedLines {
    const lines: CompletedLines = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.keep(chunk.subarray(start, end));
      lines.push(this.complete());
      start = end + 1;
    }
    if (start < chunk.length) this.keep(chunk.subarray(start));
    return lines;
  }

  /** The last line where no line end follows it. */
  end(): CompletedLines {
    return this.length > 0 ? [this.complete()] : [];
  }

  private keep(part: Buffer): void {
    this.length += part.length;
    if (this.length > this.maxLength) this.kept = [];
    else if (part.length > 0) this.kept.push(part);
  }

  private complete(): Buffer | null {
    const line = this.length > this.maxLength ? null : Buffer.concat(this.kept, this.length);
    this.kept = [];
    this.length = 0;
    return line;
  }
}
