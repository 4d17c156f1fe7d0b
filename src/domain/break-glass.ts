/** Where a break-glass counts. */
export type BreakGlassScope =
  | { kind: 'organization' }
  | { kind: 'agent'; agent: string }
  | { kind: 'run'; runId: string };

/** What somebody asks for: that for a while and somewhere their approval is enough. */
export interface BreakGlassTerms {
  reason: string;
  scope: BreakGlassScope;
  durationMs: number;
}

/** Input of workflow `breakGlass`. */
export interface BreakGlassRequest extends BreakGlassTerms {
  id: string;
  organizationId: string;
  /** Whose approvals are to be enough; taken from the signature where there is one. */
  by: string;
  signature?: string;
}

/** Payload of updates `confirmBreakGlass` and `endBreakGlass`. */
export interface BreakGlassWord {
  by: string;
  signature?: string;
}

/** @default half an hour */
export const BREAK_GLASS_MS = 30 * 60 * 1000;
export const MAX_BREAK_GLASS_MS = 4 * 60 * 60 * 1000;
/** An unconfirmed request lapses after this. */
export const CONFIRM_WITHIN_MS = 60 * 60 * 1000;

/** `active` alone is worth anything. */
export type BreakGlassStatus = 'requested' | 'active' | 'ended' | 'lapsed';

/** The workflow that ends one in time. */
export function breakGlassWorkflowId(id: string): string {
  return `break-glass-${id}`;
}

export type BreakGlassAction = 'request' | 'confirm' | 'end';

/** What the signed word of a request, a confirmation or an end covers. */
export function breakGlassStatement(
  action: BreakGlassAction,
  person: string,
  { reason, scope, durationMs }: BreakGlassTerms,
): Record<string, unknown> {
  return { action, person, reason, scope: { ...scope }, durationMs };
}

/** The run that a signed word is about; `*` for more than one. */
export function runOfScope(scope: BreakGlassScope): string {
  return scope.kind === 'run' ? scope.runId : '*';
}

/** In words: `the organization`, `agent demo`, `run 7jcq…`. */
export function describeScope(scope: BreakGlassScope): string {
  switch (scope.kind) {
    case 'organization':
      return 'the organization';
    case 'agent':
      return `agent \`${scope.agent}\``;
    case 'run':
      return `run \`${scope.runId}\``;
  }
}
