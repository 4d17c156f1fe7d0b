import { STATUS_CODES } from 'node:http';

/** Statuses that a problem can have. */
export type ProblemStatus = 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 421 | 422 | 429 | 500 | 503;

const CODES: Readonly<Record<Exclude<ProblemStatus, 500>, readonly string[]>> = {
  400: ['batch-repeats', 'batch-too-large', 'request-malformed', 'cursor-malformed'],
  401: ['credentials-missing', 'credentials-invalid', 'credentials-expired'],
  403: ['history-unknown', 'loopback-only', 'origin-refused', 'scope-missing', 'speaker-other'],
  404: [
    'agent-unknown',
    'api-key-unknown',
    'approval-unknown',
    'break-glass-unknown',
    'key-unknown',
    'person-unknown',
    'policy-unknown',
    'policy-version-unknown',
    'question-unknown',
    'route-unknown',
    'run-unknown',
    'standing-approval-unknown',
    'webhook-unknown',
  ],
  405: ['method-refused'],
  409: [
    'approval-settled',
    'break-glass-alone',
    'break-glass-over',
    'break-glass-settled',
    'halted',
    'idempotency-key-reused',
    'key-taken',
    'policy-version-taken',
    'question-settled',
    'refused',
    'run-ended',
    'run-exists',
    'run-stopped',
    'too-many-webhooks',
  ],
  413: ['body-too-large', 'input-too-large'],
  415: ['media-type-refused'],
  421: ['host-refused'],
  422: [
    'agent-file-invalid',
    'agent-name-differs',
    'answer-empty',
    'break-glass-malformed',
    'candidate-malformed',
    'case-file-invalid',
    'halt-reason-missing',
    'input-malformed',
    'key-unreadable',
    'person-malformed',
    'policy-check-failed',
    'policy-diff-too-large',
    'policy-file-invalid',
    'prompt-empty',
    'reason-empty',
    'repository-unavailable',
    'script-missing',
    'tools-file-invalid',
    'top-up-malformed',
    'webhook-address-refused',
    'webhook-event-unknown',
    'webhook-url-invalid',
  ],
  429: ['rate-exceeded'],
  503: [
    'control-unreachable',
    'database-unreachable',
    'identity-provider-unreachable',
    'run-busy',
    'stopping',
    'streams-exhausted',
    'temporal-unreachable',
  ],
};

const STATUS_OF = new Map(
  Object.entries(CODES).flatMap(([status, codes]) =>
    codes.map((code) => [code, Number(status) as ProblemStatus] as const),
  ),
);

/** The status of a `GatehouseError`'s code; 500 for one that no caller can do anything about. */
export function statusOfCode(code: string): ProblemStatus {
  return STATUS_OF.get(code) ?? 500;
}

/** As HTTP calls it. */
export function titleOf(status: ProblemStatus): string {
  return STATUS_CODES[status] ?? 'Error';
}
