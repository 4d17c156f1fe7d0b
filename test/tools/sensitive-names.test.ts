import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { isSensitiveName, sensitiveByName } from '../../src/tools/sensitive-names';

const always = [
  'to',
  'recipients',
  'new_recipient',
  'recipientEmail',
  'recipient_id',
  'participants',
  'participants_to_add',
  'emails_for_report',
  'email',
  'E-Mail',
  'emailAddress',
  'cc',
  'BCC',
  'reply_to',
  'share-with',
  'url',
  'targetURL',
  'webhook_url',
  'host',
  'host_name',
  'IPAddress',
  'account',
  'account_number',
  'billing_account',
  'IBAN',
  'sort_code',
  'addresses',
  'phone',
  'phoneNumbers',
  'repository',
  'assignees',
];
const unlessRead = [
  'channel',
  'channel_id',
  'chat',
  'user',
  'userId',
  'companies',
  'team_name',
  'sender',
  'from',
  'street',
  'zip_code',
];
const never = [
  'title',
  'body',
  'amount',
  'query',
  'path',
  'file_id',
  'event_id',
  'email_id',
  'link_id',
  'email_subject',
  'account_type',
  'url_count',
  'number_of_users',
  'valid_to',
  'date_to',
  'up_to',
  'host_count',
  'total',
  'token',
  'hostile',
  'ccs_used',
  '',
];

test.each(always)('%s says who or where', (name) => {
  expect([isSensitiveName(name, 'read'), isSensitiveName(name, 'draft')]).toEqual([true, true]);
});

test.each(unlessRead)('%s counts where a tool does more than read', (name) => {
  expect([isSensitiveName(name, 'read'), isSensitiveName(name, 'propose')]).toEqual([false, true]);
});

test.each(never)('%j says neither', (name) => {
  expect([isSensitiveName(name, 'read'), isSensitiveName(name, 'production')]).toEqual([false, false]);
});

test('every name of the list counts, in the singular and the plural', () => {
  const file = path.join(__dirname, '../../src/tools/sensitive-names.yaml');
  const { references, forms, ...lists } = parse(readFileSync(file, 'utf8')) as Record<string, string[]>;
  for (const name of Object.values(lists).flat()) {
    expect([name, isSensitiveName(name.replaceAll(' ', '_'), 'draft')]).toEqual([name, true]);
    if (name !== 'from' && !name.endsWith('to'))
      expect(isSensitiveName(`${name.replaceAll(' ', '-')}s`, 'draft')).toBe(true);
  }
  for (const form of forms ?? []) expect(isSensitiveName(`email_${form}`, 'read')).toBe(true);
  for (const reference of references ?? [])
    expect(isSensitiveName(`recipient_${reference}`, 'read')).toBe(true);
});

test('no name is listed twice', () => {
  const file = path.join(__dirname, '../../src/tools/sensitive-names.yaml');
  const { forms: _forms, ...lists } = parse(readFileSync(file, 'utf8')) as Record<string, string[]>;
  const names = Object.values(lists).flat();
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

test('a schema without properties has none', () => {
  expect(sensitiveByName({}, 'draft')).toEqual([]);
  expect(sensitiveByName({ properties: 5 }, 'draft')).toEqual([]);
});
