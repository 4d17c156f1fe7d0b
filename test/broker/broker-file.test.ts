import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { offerFor, readBrokerFile } from '../../src/broker/broker-file';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-broker-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SECRET = 'never-in-a-message';
const offer = (changes: object = {}) => ({
  account: 'dev',
  role: 'reader',
  scope: 'read',
  organizations: ['local'],
  issuer: { kind: 'static', env: { DEV_TOKEN: SECRET } },
  ...changes,
});
const aws = (changes: object = {}) => ({
  issuer: {
    kind: 'aws',
    roleArn: 'arn:aws:iam::123456789012:role/reader',
    region: 'eu-central-1',
    ...changes,
  },
});
const reading = (...actions: string[]) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }],
});

function read(...credentials: object[]) {
  const path = join(folder, 'broker.yaml');
  writeFileSync(path, JSON.stringify({ credentials }));
  return readBrokerFile(path);
}

function problemOf(...credentials: object[]): string {
  try {
    read(...credentials);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

test('an offer is for its organizations, its agents and its scope alone', () => {
  const offers = read(offer({ agents: ['demo'] }));
  const asked = {
    organization: 'local',
    agent: 'demo',
    account: 'dev',
    role: 'reader',
    scope: 'read',
  } as const;
  expect(offerFor(offers, asked)).toMatchObject({ minutes: 15 });
  for (const other of [
    { organization: 'other' },
    { agent: 'x' },
    { account: 'Dev' },
    { role: 'x' },
    { scope: 'write' as const },
  ])
    expect(offerFor(offers, { ...asked, ...other })).toBeUndefined();
});

test('a secret may stand in a file of its own', () => {
  const path = join(folder, 'token');
  writeFileSync(path, `${SECRET}\n`);
  expect(read(offer({ issuer: { kind: 'static', env: { DEV_TOKEN: { file: path } } } }))[0]?.issuer).toEqual({
    kind: 'static',
    env: { DEV_TOKEN: SECRET },
  });
});

test('credentials for reading cannot be set up to write', () => {
  expect(problemOf(offer(aws({ sessionPolicy: reading('s3:GetObject', 's3:*') })))).toContain('allow `s3:*`');
  expect(problemOf(offer(aws({ sessionPolicy: reading('*') })))).toContain('allow `*`');
  expect(
    problemOf(offer(aws({ sessionPolicy: { Statement: [{ Effect: 'Allow', NotAction: 'iam:*' }] } }))),
  ).toContain('everything but');
  expect(problemOf(offer(aws({ sessionPolicy: reading('s3:GetObject*', 'ec2:Describe*') })))).toBe('');
  const github = { appId: '1', installationId: 2, privateKey: SECRET, repositories: ['shop'] };
  expect(
    problemOf(offer({ issuer: { kind: 'github', ...github, permissions: { contents: 'write' } } })),
  ).toContain('ask for permissions to write');
});

test('variables that decide what runs are no credentials', () => {
  for (const name of [
    'PATH',
    'LD_PRELOAD',
    'BASH_ENV',
    'NODE_OPTIONS',
    'GIT_SSH_COMMAND',
    'HTTPS_PROXY',
    'PERL5OPT',
    'path',
  ])
    expect(problemOf(offer({ issuer: { kind: 'static', env: { [name]: SECRET } } }))).not.toBe('');
});

test('what is wrong is told by its place, never with a value', () => {
  const wrong = offer({ minutes: 600, unknown: 1, issuer: { kind: 'static', env: { DEV_TOKEN: 'short' } } });
  const problem = problemOf(offer(), wrong, offer());
  expect(problem).toMatch(/credentials\.1\.minutes.*credentials\.1\.issuer\.env\.DEV_TOKEN/);
  expect(problem).not.toContain('short`');
  expect(problem).not.toContain(SECRET);
  expect(problemOf(offer(), offer())).toContain('is named twice');
});
