import { makeKey, type SigningKey } from '../../src/broker/keys';
import type { ApprovalDecision } from '../../src/domain/approval';
import { personSigner, vouchingSigner } from '../../src/identity/word-signer';
import { WORD_LIFETIME_S } from '../../src/identity/word-token';
import { createWordVerifier } from '../../src/identity/word-verifier';
import { answerWord, decisionWord, revocationWord, topUpWord } from '../../src/identity/words';

const AT = 1_800_000_000_000;
const PLACE = { organizationId: 'acme', runId: 'run-1' };
const ACTION = 'a'.repeat(64);
const approve: ApprovalDecision = { approvalId: 'apr-1', decision: 'approve', actionHash: ACTION };

const keys = { alice: makeKey(), carl: makeKey(), api: makeKey(), runner: makeKey() };
const people = [
  { name: 'alice', roles: ['approver', 'sre'], key: keys.alice, isDisabled: false },
  { name: 'carl', roles: ['auditor'], key: keys.carl, isDisabled: false },
  { name: 'dora', roles: ['approver'], key: makeKey(), isDisabled: true },
];
const words = createWordVerifier({
  persons: {
    standing: async (_organization: string, name: string) => {
      const found = people.find((person) => person.name === name);
      return found ?? null;
    },
    findByKey: async (organization: string, thumbprint: string) => {
      const found = people.find(({ key, isDisabled }) => key.thumbprint === thumbprint && !isDisabled);
      return found && organization === 'acme'
        ? { person: found.name, roles: found.roles, publicKey: found.key.publicKey }
        : null;
    },
  },
  apiKeys: [keys.api.publicKey],
  now: () => AT,
});

const signed = (person: string, key: SigningKey, decision = approve, place = PLACE, at = AT) =>
  personSigner(person, key, () => at).sign(decisionWord(place, decision));
const verified = (signature: string, decision = approve) =>
  words.verified(decisionWord(PLACE, decision), signature, ['approvals:decide']);

test('a person is known by their own key, with the roles they have', async () => {
  expect(await verified(signed('alice', keys.alice))).toEqual({
    by: 'alice',
    roles: ['approver', 'sre'],
    proof: { kind: 'own-key', key: keys.alice.thumbprint },
    isVerified: true,
  });
});

test('the API vouches for whom it has authenticated, with the roles that it says', async () => {
  const caller = {
    organizationId: 'acme',
    person: 'bo',
    roles: ['lead'],
    scopes: [],
    proof: 'oidc' as const,
  };
  const signature = vouchingSigner(caller, keys.api, () => AT).sign(decisionWord(PLACE, approve));
  expect(await verified(signature)).toMatchObject({ by: 'bo', roles: ['lead'], proof: { kind: 'api' } });
});

test.each<[string, () => string, string]>([
  ['of the runner', () => signed('alice', keys.runner), 'signature-invalid'],
  ['of one person in the name of another', () => signed('alice', keys.carl), 'signature-invalid'],
  ['of somebody without a role for it', () => signed('carl', keys.carl), 'person-not-allowed'],
  ['of somebody who is disabled', () => signed('dora', people[2]!.key), 'signature-invalid'],
  [
    'for another run',
    () => signed('alice', keys.alice, approve, { ...PLACE, runId: 'run-2' }),
    'signature-invalid',
  ],
  [
    'for another organization',
    () => signed('alice', keys.alice, approve, { ...PLACE, organizationId: 'b' }),
    'signature-invalid',
  ],
  [
    'for another approval',
    () => signed('alice', keys.alice, { ...approve, approvalId: 'apr-2' }),
    'signature-invalid',
  ],
  [
    'for another action',
    () => signed('alice', keys.alice, { ...approve, actionHash: 'b'.repeat(64) }),
    'signature-invalid',
  ],
  [
    'of the opposite',
    () => signed('alice', keys.alice, { ...approve, decision: 'deny' }),
    'signature-invalid',
  ],
  [
    'for edited arguments',
    () => signed('alice', keys.alice, { ...approve, args: { a: 1 } }),
    'signature-invalid',
  ],
  [
    'for the rest of the run',
    () => signed('alice', keys.alice, { ...approve, scope: 'run' }),
    'signature-invalid',
  ],
  [
    'with another reason',
    () => signed('alice', keys.alice, { ...approve, reason: 'fine' }),
    'signature-invalid',
  ],
  [
    'that has expired',
    () => signed('alice', keys.alice, approve, PLACE, AT - WORD_LIFETIME_S * 1000),
    'signature-expired',
  ],
  ['from the future', () => signed('alice', keys.alice, approve, PLACE, AT + 120_000), 'signature-expired'],
  ['that is none', () => 'forged', 'signature-invalid'],
  [
    'whose key has an impossible name',
    () => withKid(signed('alice', keys.alice), '\u0000'),
    'signature-invalid',
  ],
])('a signature %s does not count', async (_, signature, code) => {
  await expect(verified(signature())).rejects.toMatchObject({ code });
});

test('what is signed covers every part of a decision, an answer, a top-up and a revocation', () => {
  const subjects = [
    approve,
    { ...approve, decision: 'deny' as const },
    { ...approve, args: { a: 1 } },
    { ...approve, args: { a: 2 } },
    { ...approve, reason: 'x' },
    { ...approve, scope: 'run' as const },
  ].map((decision) => decisionWord(PLACE, decision));
  const others = [
    answerWord(PLACE, { questionId: 'que-1', answer: 'yes' }),
    answerWord(PLACE, { questionId: 'que-1', answer: 'no' }),
    topUpWord(PLACE, { maxTurns: 1 }),
    topUpWord(PLACE, { maxTurns: 2 }),
    revocationWord(PLACE, { approvalId: 'apr-1' }),
  ];
  const texts = [...subjects, ...others].map((word) => JSON.stringify(word));
  expect(new Set(texts).size).toBe(texts.length);
  // However the arguments are written.
  expect(decisionWord(PLACE, { ...approve, args: '{ "b": 2, "a": 1 }' })).toEqual(
    decisionWord(PLACE, { ...approve, args: { a: 1, b: 2 } }),
  );
});

test('unsigned, a name that is known has its roles, another is believed, and one that is disabled counts nothing', async () => {
  expect(await words.claimed('acme', 'alice')).toMatchObject({
    roles: ['approver', 'sre'],
    isVerified: false,
  });
  expect(await words.claimed('acme', ' eve ')).toMatchObject({ by: 'eve', roles: null });
  expect(await words.claimed('acme', null)).toMatchObject({ by: 'unknown' });
  await expect(words.claimed('acme', 'dora')).rejects.toMatchObject({ code: 'person-disabled' });
});

function withKid(token: string, kid: string): string {
  const [header, ...rest] = token.split('.');
  const claims = { ...JSON.parse(Buffer.from(header!, 'base64url').toString()), kid };
  return [Buffer.from(JSON.stringify(claims)).toString('base64url'), ...rest].join('.');
}
