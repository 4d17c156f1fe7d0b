/** One action a model proposes: `args` is the JSON text as the model sent it, not yet parsed or believed. */
export interface ToolCall {
  id: string;
  tool: string;
  args: string;
}

/**
 * A call after strict parsing: exactly these bytes are judged, shown, hashed, sent and executed.
 */
export interface CanonicalCall {
  id: string;
  /** The name in the catalogue. */
  tool: string;
  /** RFC 8785 JSON. */
  args: string;
}

/** What became of a call; the model sees `text`. */
export type CallOutcome =
  | ({ kind: 'done' } & Ran)
  /** It ran and the tool reported failure (an exit code, a missing file). */
  | ({ kind: 'failed' } & Ran)
  /** It surely did not run: policy, a person or a limit refused. */
  | { kind: 'refused'; callId: string; text: string; findings: string[] }
  /** It started, and nobody knows whether it finished. */
  | { kind: 'unknown'; callId: string; text: string }
  /** An `ask-user` that a person answered, or that timed out. */
  | { kind: 'answered'; callId: string; text: string; answeredBy: string | null };

interface Ran {
  callId: string;
  /** Cut to the output limit; the whole is the artifact. */
  text: string;
  exitCode?: number;
  /** sha-256 of the whole output in the artifact store, when `text` was cut. */
  artifact?: string;
}

/** A call whose outcome is not known yet, in its place among the outcomes of its turn. */
export interface PendingOutcome {
  kind: 'pending';
  callId: string;
}
