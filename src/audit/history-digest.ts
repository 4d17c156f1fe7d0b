import { z } from 'zod';
import { readJws } from '../broker/jws';
import { sha256 } from '../domain/hashing';

const call = z.strictObject({ callId: z.string(), tool: z.string(), argsHash: z.string() });

/** What a run's Temporal history says of decisions and grants. */
export const historyDigest = z.strictObject({
  runId: z.string(),
  /** Null where Temporal has no history of the run any more. */
  events: z.int().nullable(),
  /** In order; calls that could not be read have no arguments to compare. */
  decisions: z.array(
    z.strictObject({ callId: z.string(), verdict: z.string(), argsHash: z.string().nullable() }),
  ),
  /** Grants that were handed to a runner or sandbox, by their id. */
  grants: z.array(z.strictObject({ id: z.string(), calls: z.array(call) })),
});

export type HistoryDigest = z.infer<typeof historyDigest>;

/** Activities and their results, as a history holds them. */
export interface HistoryStep {
  activity: string;
  input: unknown[];
  result: unknown;
}

export interface RunHistory {
  /** Over all executions of the run. */
  events: number;
  steps: HistoryStep[];
}

/** Draws what concerns the audit out of a history; null for one that is gone. */
export function digestOf(runId: string, history: RunHistory | null): HistoryDigest {
  if (history === null) return { runId, events: null, decisions: [], grants: [] };
  const grants = new Map<string, HistoryDigest['grants'][number]>();
  const decisions: HistoryDigest['decisions'] = [];
  for (const { activity, input, result } of history.steps) {
    if (activity === 'gate') decisions.push(...decisionsOf(result));
    for (const token of presentedBy(activity, input[0])) {
      const grant = grantOf(token);
      grants.set(grant.id, grant);
    }
  }
  return { runId, events: history.events, decisions, grants: [...grants.values()] };
}

const gateResult = z.object({
  calls: z.array(
    z.object({
      callId: z.string(),
      call: z.object({ args: z.string() }).nullable(),
      decision: z.object({ verdict: z.string() }),
    }),
  ),
});

function decisionsOf(result: unknown): HistoryDigest['decisions'] {
  // A gate that failed has none; its decisions come with the one that was asked again.
  if (result === undefined) return [];
  const parsed = gateResult.safeParse(result);
  // What cannot be read is not passed over: no record says the like.
  if (!parsed.success) return [{ callId: 'unreadable', verdict: 'unknown', argsHash: null }];
  return parsed.data.calls.map(({ callId, call: read, decision }) => ({
    callId,
    verdict: decision.verdict,
    argsHash: read ? sha256(read.args) : null,
  }));
}

const execution = z.object({ grant: z.string() });
const turn = z.object({ reads: z.object({ grant: z.string() }).nullable() });

function presentedBy(activity: string, input: unknown): string[] {
  switch (activity) {
    case 'executeTool': {
      const parsed = execution.safeParse(input);
      return parsed.success ? [parsed.data.grant] : [];
    }
    case 'takeTurn': {
      const parsed = turn.safeParse(input);
      return parsed.success && parsed.data.reads ? [parsed.data.reads.grant] : [];
    }
    default:
      return [];
  }
}

const claims = z.object({
  jti: z.string(),
  calls: z.array(z.object({ id: z.string(), tool: z.string(), argsHash: z.string() })),
});

/** What a token grants. One that cannot be read grants what nobody decided. */
function grantOf(token: string): HistoryDigest['grants'][number] {
  const parsed = claims.safeParse(readJws(token)?.claims);
  if (!parsed.success)
    return { id: sha256(token), calls: [{ callId: 'unreadable', tool: 'unknown', argsHash: '' }] };
  const { jti, calls } = parsed.data;
  return { id: jti, calls: calls.map(({ id, tool, argsHash }) => ({ callId: id, tool, argsHash })) };
}
