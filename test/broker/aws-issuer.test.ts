import { createAwsIssuer } from '../../src/broker/issuers/aws-issuer';
import { READ_ONLY_ACCESS } from '../../src/broker/issuers/session-policy';
import { type StsServer, startSts } from './support/sts-server';

let sts: StsServer;
beforeAll(async () => {
  sts = await startSts();
}, 120_000);
afterAll(() => sts?.close());

const ROLE = 'arn:aws:iam::123456789012:role/reader';
const signal = new AbortController().signal;
const issuer = (more: object = {}) =>
  createAwsIssuer({
    ...{ roleArn: ROLE, region: 'eu-central-1', endpoint: sts.endpoint },
    ...{ accessKeyId: 'AKIAGATEHOUSE', secretAccessKey: 'for-the-broker-alone' },
    ...more,
  });
const issue = (scope: 'read' | 'write', more: object = {}) =>
  issuer(more).issue({ handle: 'cred-0123456789abcdef', scope, expiresAt: Date.now() + 20 * 60_000, signal });

test('a session is named by its handle, ends when it was asked to, and has its secrets named', async () => {
  const issued = await issue('read');
  expect(issued.env).toMatchObject({
    AWS_ACCESS_KEY_ID: expect.stringMatching(/^ASIA/),
    AWS_SECRET_ACCESS_KEY: expect.any(String),
    AWS_SESSION_TOKEN: expect.any(String),
    AWS_REGION: 'eu-central-1',
  });
  expect(issued.secrets).toEqual([issued.env.AWS_SECRET_ACCESS_KEY, issued.env.AWS_SESSION_TOKEN]);
  expect(Math.abs((issued.expiresAt ?? 0) - Date.now() - 20 * 60_000)).toBeLessThan(30_000);
  expect(sts.asked().at(-1)).toMatchObject({
    Action: 'AssumeRole',
    RoleArn: ROLE,
    RoleSessionName: 'gatehouse-cred-0123456789abcdef',
    DurationSeconds: '1200',
  });
});

test('a session for reading is cut to reading; one for writing to what its offer says', async () => {
  await issue('read');
  expect(sts.asked().at(-1)).toMatchObject({ 'PolicyArns.member.1.arn': READ_ONLY_ACCESS });
  const sessionPolicy = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }],
  };
  await issue('read', { sessionPolicy });
  expect(sts.asked().at(-1)).toMatchObject({ Policy: JSON.stringify(sessionPolicy) });
  // Of several session policies what any of them allows is allowed.
  expect(sts.asked().at(-1)).not.toHaveProperty('PolicyArns.member.1.arn');
  await issue('write');
  expect(sts.asked().at(-1)).not.toHaveProperty('PolicyArns.member.1.arn');
  expect(sts.asked().at(-1)).not.toHaveProperty('Policy');
});

test('what AWS refuses is an error without our keys in it', async () => {
  const failure = await issue('read', { roleArn: 'arn:aws:iam::123456789012:role/refused' }).catch(
    (error) => error,
  );
  if (sts.refuses) expect(failure).toMatchObject({ name: 'AccessDenied' });
  expect(String(failure)).not.toContain('for-the-broker-alone');
});

test('AWS cannot end a session, and it is said so', async () => {
  expect(await issuer().revoke('cred-0123456789abcdef', null, signal)).toBe('until-expiry');
});
