import type { Effect, Mark } from './effect';
import type { RunStatus } from './run';

/** What people outside can be told of. The database decides which event is which: function `notification_kind`. */
export const notificationKinds = [
  'approval',
  'reminder',
  'escalated',
  'question',
  'budget',
  'break-glass',
  'run-ended',
] as const;
/** `test` is sent when somebody asks for it. */
export type NotificationKind = (typeof notificationKinds)[number] | 'test';

/** Whether a text from outside names something that a webhook can be told of. */
export function isNotificationKind(text: string): text is (typeof notificationKinds)[number] {
  return (notificationKinds as readonly string[]).includes(text);
}

/** What a notification tells, as it is when it is sent. */
export type NotificationSubject =
  | {
      kind: 'approval' | 'reminder' | 'escalated';
      approvalId: string;
      callId: string;
      tool: string;
      effect: Effect;
      marks: Mark[];
      findings: { id: string; message: string }[];
      /** Who is needed; of one that was escalated, the role that may decide as well. */
      roles: string[];
      /** Milliseconds since the epoch. */
      expiresAt: number;
    }
  | { kind: 'question'; questionId: string; question: string; options: string[]; expiresAt: number }
  | { kind: 'budget'; reason: string }
  | { kind: 'run-ended'; status: RunStatus; text: string }
  /** `record` is the kind of the audit record. */
  | { kind: 'break-glass'; record: string; by: string | null; reason: string | null }
  | { kind: 'test' };

export interface Notification {
  /** The same in every attempt: receivers tell repetitions by it. */
  id: string;
  organizationId: string;
  run: { id: string; agent: string } | null;
  /** When it happened, in milliseconds since the epoch. */
  at: number;
  subject: NotificationSubject;
  /** Where to look at it; null where nobody said where the console is. */
  link: string | null;
}
