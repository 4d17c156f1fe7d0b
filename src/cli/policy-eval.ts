import { once } from 'node:events';
import { GatehouseError } from '../domain/errors';
import { type EvaluatedLine, evaluateLine, MAX_LINE_BYTES } from '../policy/evaluate-line';
import { BoundedLines, type CompletedLines } from './bounded-lines';
import type { CliContext, ExitCode } from './context';
import { type JudgedByOptions, judgedBy } from './judged-by';

/**
 * `gatehouse policy eval`: one line out for each line in, in their order. Answers are written as soon as the lines that
 * arrived together are judged, and no more is read until they could be written.
 */
export async function evalPolicy({ terminal }: CliContext, options: JudgedByOptions): Promise<ExitCode> {
  const { judge } = judgedBy(options);
  const { stdin, stdout } = process;
  if (stdin.isTTY) terminal.note('reading calls from the terminal, one JSON object a line; Ctrl-D ends');

  async function answer(lines: CompletedLines): Promise<void> {
    let text = '';
    for (const line of lines) {
      const evaluated = evaluateLine(line, judge);
      const value: EvaluatedLine = evaluated instanceof Promise ? await evaluated : evaluated;
      text += `${JSON.stringify(value)}\n`;
    }
    if (text !== '' && !stdout.write(text)) await once(stdout, 'drain');
  }

  const lines = new BoundedLines(MAX_LINE_BYTES);
  for await (const chunk of withoutMark(stdin)) await answer(lines.take(chunk));
  await answer(lines.end());
  return 0;
}

const BYTE_ORDER_MARK = Buffer.from('\uFEFF');

/** What arrives, without a byte order mark at its begin. */
async function* withoutMark(input: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let head: Buffer | null = Buffer.alloc(0);
  try {
    for await (const chunk of input) {
      if (head === null) {
        yield chunk;
        continue;
      }
      head = Buffer.concat([head, chunk]);
      const compared = Math.min(head.length, BYTE_ORDER_MARK.length);
      const mayBeMark = head.subarray(0, compared).equals(BYTE_ORDER_MARK.subarray(0, compared));
      if (mayBeMark && compared < BYTE_ORDER_MARK.length) continue;
      yield mayBeMark ? head.subarray(BYTE_ORDER_MARK.length) : head;
      head = null;
    }
  } catch (cause) {
    throw new GatehouseError('input-unreadable', 'standard input cannot be read to its end', { cause });
  }
  if (head !== null && head.length > 0) yield head;
}
