import type { Effect } from '../domain/effect';
import { normalizeToolName } from '../domain/permissions';

/**
 * Names of parameters that usually say who or where, for a tool that does not declare its own (POLICY §6). Compared
 * after normalising: `recipientEmail`, `recipient_email` and `recipient-email` are one name.
 */
const SENSITIVE_NAMES = new Set([
  'account',
  'account-id',
  'account-number',
  'address',
  'assignee',
  'assignees',
  'attendees',
  'bank-account',
  'base-url',
  'bcc',
  'bucket',
  'cc',
  'cluster',
  'contact',
  'contacts',
  'destination',
  'domain',
  'email',
  'email-address',
  'emails',
  'endpoint',
  'group',
  'guests',
  'host',
  'hostname',
  'hosts',
  'iban',
  'invitees',
  'ip',
  'ip-address',
  'link',
  'member',
  'members',
  'namespace',
  'new-owner',
  'owner',
  'participant',
  'participants',
  'payee',
  'phone',
  'phone-number',
  'principal',
  'project-id',
  'receiver',
  'recipient',
  'recipient-email',
  'recipient-id',
  'recipients',
  'remote',
  'repo',
  'repository',
  'reviewer',
  'reviewers',
  'role',
  'role-arn',
  'server',
  'share-with',
  'target',
  'target-account',
  'target-url',
  'tenant',
  'to',
  'uri',
  'url',
  'urls',
  'user',
  'user-email',
  'user-id',
  'username',
  'users',
  'webhook',
  'webhook-url',
]);

/** Parameters of a JSON Schema that say who or where by their names; `channel` only where the tool does more than read. */
export function sensitiveByName(parameters: Record<string, unknown>, effect: Effect): string[] {
  const properties = parameters.properties;
  if (typeof properties !== 'object' || properties === null) return [];
  return Object.keys(properties).filter((key) => {
    const name = normalizeToolName(key);
    return SENSITIVE_NAMES.has(name) || (name === 'channel' && effect !== 'read');
  });
}
