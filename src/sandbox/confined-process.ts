import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { CommandResult } from '../tools/tool';
import { startPausableTimer, type WaitClock } from './pausable-timer';

export interface ProcessRequest {
  /** Just started, with pipes as its descriptors 0 to 3. */
  child: ChildProcess;
  stdin?: string | Uint8Array;
  timeoutMs: number;
  /** Its waits do not count against the time. */
  clock?: WaitClock;
  /** Of standard output and error each. */
  maxOutputBytes: number;
  signal?: AbortSignal;
}

export interface ProcessResult extends CommandResult {
  /** What bubblewrap wrote to its status descriptor, 3. */
  status: string;
}

/**
 * Sees a program through that takes its children with it when it is killed, until its outputs are closed. Output past
 * the limit is read and dropped, so that a flood ends with the program, not with our memory.
 *
 * @throws the error of a program that could not be started
 */
export function seeThrough({
  child,
  stdin,
  timeoutMs,
  clock,
  maxOutputBytes,
  signal,
}: ProcessRequest): Promise<ProcessResult> {
  return new Promise((resolve, reject) => {
    const { stdin: input, stdout, stderr } = child;
    if (!input || !stdout || !stderr) throw new TypeError('a confined process is started with pipes');
    const status = child.stdio[3] as Readable;
    const outputs = [
      capped(stdout, maxOutputBytes),
      capped(stderr, maxOutputBytes),
      capped(status, MAX_STATUS_BYTES),
    ];
    let killed: CommandResult['killed'] = null;
    const kill = (why: 'timeout' | 'cancelled') => {
      killed ??= why;
      killTree(child, outputs[2]?.().text ?? '');
    };
    // What is started while it is being killed is told here too late for the first attempt.
    status.on('data', () => {
      if (killed) killTree(child, outputs[2]?.().text ?? '');
    });
    const stopTimer = startPausableTimer(timeoutMs, () => kill('timeout'), clock);
    const cancel = () => kill('cancelled');
    signal?.addEventListener('abort', cancel, { once: true });
    if (signal?.aborted) cancel();
    const done = () => {
      stopTimer();
      signal?.removeEventListener('abort', cancel);
    };
    child.once('error', (error) => {
      done();
      reject(error);
    });
    // `close` comes after `exit` and after every holder of the outputs is gone.
    child.once('close', (exitCode) => {
      done();
      const [out, err, state] = outputs.map((output) => output());
      resolve({
        exitCode: killed ? null : exitCode,
        stdout: out?.text ?? '',
        stderr: err?.text ?? '',
        status: state?.text ?? '',
        killed,
        truncated: Boolean(out?.isCut || err?.isCut),
      });
    });
    // A program that does not read its input is no failure of ours.
    input.on('error', () => {});
    input.end(stdin);
  });
}

/**
 * Kills bubblewrap and what is inside. Killing bubblewrap alone is not enough: until the inside is set up, it is not bound
 * to the life of its parent. Before it leaves the process group its id has been written to the status descriptor.
 */
function killTree(child: ChildProcess, status: string): void {
  const inside = /"child-pid":\s*(\d+)/.exec(status)?.[1];
  for (const id of [inside && Number(inside), child.pid && -child.pid]) {
    try {
      if (id) process.kill(id, 'SIGKILL');
    } catch {
      // Gone already.
    }
  }
}

/** Two short lines of JSON. */
const MAX_STATUS_BYTES = 64 * 1024;

function capped(stream: Readable, limit: number): () => { text: string; isCut: boolean } {
  const chunks: Buffer[] = [];
  let kept = 0;
  let isCut = false;
  stream.on('data', (chunk: Buffer) => {
    const room = limit - kept;
    if (chunk.length > room) isCut = true;
    if (room <= 0) return;
    const part = chunk.length > room ? chunk.subarray(0, room) : chunk;
    chunks.push(part);
    kept += part.length;
  });
  stream.on('error', () => {});
  return () => ({ text: Buffer.concat(chunks).toString('utf8'), isCut });
}
