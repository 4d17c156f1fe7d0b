import {
  closeSync,
  fdatasyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { CallOutcome } from '../domain/call';
import type { RefusedHost } from '../domain/egress';
import { GatehouseError } from '../domain/errors';
import type { GrantClaims } from '../domain/grant';
import { sha256 } from '../domain/hashing';
import { isRunId } from '../domain/run';

/** What a finished call left: the same grant again gets this, and nothing runs. */
export interface JournalRecord {
  outcome: CallOutcome;
  refusedHosts: RefusedHost[];
}

export type JournalAnswer =
  | { kind: 'run' }
  /** It finished before. */
  | { kind: 'recorded'; record: JournalRecord }
  /** It started before, and whether it finished is not known. */
  | { kind: 'interrupted' };

/** What became of each call of each run on this host; it outlives the process (DESIGN, rule 7). */
export interface Journal {
  /**
   * What is known of a call of this grant.
   *
   * @throws GatehouseError `grant-replayed` when the call was used before with other arguments, tool or effect
   */
  look(claims: GrantClaims, callId: string): JournalAnswer;
  /**
   * As {@link look}, and notes that the call starts now, on disk before this returns.
   *
   * @param isDurable false for calls that may run again whatever happens: their notes are not waited for
   */
  begin(claims: GrantClaims, callId: string, isDurable?: boolean): JournalAnswer;
  finish(claims: GrantClaims, callId: string, record: JournalRecord, isDurable?: boolean): void;
}

type Line =
  | { state: 'accepted'; call: string; jti: string; action: string }
  | { state: 'started'; call: string; jti: string }
  | { state: 'finished'; call: string; jti: string; hash: string; record: JournalRecord };

interface KnownCall {
  action: string;
  state: Line['state'];
  record: JournalRecord | null;
}

/** One file of JSON lines for each run. Only one process may write to a folder. */
export function createJournal({ folder }: { folder: string }): Journal {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const runs = new Map<string, Map<string, KnownCall>>();

  function callsOf(runId: string): Map<string, KnownCall> {
    let calls = runs.get(runId);
    if (!calls) {
      calls = read(fileOf(folder, runId));
      runs.set(runId, calls);
      // The oldest is read again from its file when it is asked for.
      if (runs.size > MAX_RUNS_IN_MEMORY) runs.delete(runs.keys().next().value ?? '');
    }
    return calls;
  }

  function look(claims: GrantClaims, callId: string): JournalAnswer {
    const known = callsOf(claims.sub).get(callId);
    if (!known) return { kind: 'run' };
    if (known.action !== actionOf(claims, callId))
      throw new GatehouseError(
        'grant-replayed',
        `call \`${callId}\` was used before for another action; it does not run`,
      );
    if (known.record) return { kind: 'recorded', record: known.record };
    return { kind: known.state === 'accepted' ? 'run' : 'interrupted' };
  }

  return {
    look,

    begin(claims, callId, isDurable = true) {
      const answer = look(claims, callId);
      if (answer.kind === 'recorded') return answer;
      const action = actionOf(claims, callId);
      const jti = claims.jti;
      const lines: Line[] = [
        { state: 'accepted', call: callId, jti, action },
        { state: 'started', call: callId, jti },
      ];
      append(fileOf(folder, claims.sub), lines, isDurable);
      callsOf(claims.sub).set(callId, { action, state: 'started', record: null });
      return answer;
    },

    finish(claims, callId, record, isDurable = true) {
      const hash = sha256(JSON.stringify(record));
      append(
        fileOf(folder, claims.sub),
        [{ state: 'finished', call: callId, jti: claims.jti, hash, record }],
        isDurable,
      );
      callsOf(claims.sub).set(callId, { action: actionOf(claims, callId), state: 'finished', record });
    },
  };
}

const MAX_RUNS_IN_MEMORY = 200;

function fileOf(folder: string, runId: string): string {
  if (!isRunId(runId)) throw new GatehouseError('run-id-malformed', 'the grant names a run that cannot be');
  return join(folder, `${runId}.jsonl`);
}

/** What a call is: another grant for the same is no replay, as when it was gated again. */
function actionOf(claims: GrantClaims, callId: string): string {
  const call = claims.calls.find(({ id }) => id === callId);
  if (!call) throw new TypeError(`call ${callId} is not in its grant`);
  return sha256(JSON.stringify([call.tool, call.argsHash, call.effect]));
}

function append(path: string, lines: readonly Line[], isDurable: boolean): void {
  const file = openSync(path, 'a', 0o600);
  try {
    writeSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    if (isDurable) fdatasyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** A last line without its end was being written when the process died: it is cut off, as nothing was done on it. */
function read(path: string): Map<string, KnownCall> {
  const calls = new Map<string, KnownCall>();
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return calls;
    throw damaged(cause);
  }
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole.length < text.length) truncate(path, Buffer.byteLength(whole));
  for (const line of whole.split('\n').slice(0, -1)) note(calls, parsed(line));
  return calls;
}

function note(calls: Map<string, KnownCall>, line: Line): void {
  const known = calls.get(line.call);
  switch (line.state) {
    case 'accepted':
      calls.set(line.call, { action: line.action, state: 'accepted', record: null });
      break;
    case 'started':
      if (!known) throw damaged('started without being accepted');
      known.state = 'started';
      break;
    case 'finished':
      if (!known || sha256(JSON.stringify(line.record)) !== line.hash)
        throw damaged('a record without its call');
      Object.assign(known, { state: 'finished', record: line.record });
      break;
    default:
      line satisfies never;
  }
}

function parsed(line: string): Line {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw damaged(cause);
  }
}

function truncate(path: string, length: number): void {
  const file = openSync(path, 'r+');
  try {
    ftruncateSync(file, length);
    fdatasyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Nothing runs on a journal that cannot be believed. */
function damaged(cause: unknown): GatehouseError {
  return new GatehouseError(
    'journal-damaged',
    "the sandbox host's journal of this run is damaged; nothing runs on it",
    {
      cause,
    },
  );
}
