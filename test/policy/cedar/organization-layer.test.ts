import { findingId } from '../../../src/domain/decision';
import { judgesContent } from '../../../src/policy/cedar/compile-rules';
import { organizationLayer } from '../../../src/policy/organization-layer';
import { bucket, decide, findings, rules } from './rules';

const PUSH = 'forbid (principal, action == Action::"git-push", resource)';

test('a rule that matches denies with its id and message', () => {
  const snapshot = rules(
    `@id("no-release") @message("releases are cut by people") ${PUSH} when { context.args.branch like "rel*" };`,
  );
  expect(findings(snapshot, 'git-push', { branch: 'rel-7' })).toEqual([
    {
      verdict: 'deny',
      layer: 'organization',
      rule: 'house-rules/no-release',
      message: 'releases are cut by people',
    },
  ]);
  expect(findings(snapshot, 'git-push', { branch: 'run-1' })).toEqual([]);
  expect(findings(snapshot, 'read-file', { path: 'a' })).toEqual([]);
});

test('a rule that asks carries role, quorum and four eyes, and is approved under its own id only', () => {
  const snapshot = rules(
    `@id("sign-off") @ask("a lead signs off") @role("lead") @quorum("2") @fourEyes ${PUSH};`,
  );
  const [finding] = findings(snapshot, 'git-push', {});
  expect(finding).toEqual({
    verdict: 'ask',
    layer: 'organization',
    rule: 'house-rules/sign-off',
    message: 'a lead signs off',
    role: 'lead',
    quorum: 2,
    fourEyes: true,
  });
  expect(findingId(finding!)).toBe('organization/house-rules/sign-off');
});

test('rules see which findings were approved', () => {
  const snapshot = rules(`${PUSH} unless { context.approvals.contains("organization/other/rule") };`);
  expect(decide(snapshot, 'git-push', {}).verdict).toBe('deny');
  expect(findings(snapshot, 'git-push', {}, { approvals: new Set(['organization/other/rule']) })).toEqual([]);
});

test('every rule that matches is reported, in the order they are written', () => {
  const snapshot = rules(
    `@id("b") ${PUSH}; @id("a") @ask("sure?") ${PUSH}; @id("c") ${PUSH} when { false };`,
  );
  expect(findings(snapshot, 'git-push', {}).map(({ rule, verdict }) => [rule, verdict])).toEqual([
    ['house-rules/b', 'deny'],
    ['house-rules/a', 'ask'],
  ]);
});

test('rules without an id are named by their place', () => {
  const snapshot = rules(`${PUSH}; ${PUSH};`, { name: 'Ünïcode & Co.' });
  expect(findings(snapshot, 'git-push', {}).map(({ rule }) => rule)).toEqual([
    'unicode-co/rule-1',
    'unicode-co/rule-2',
  ]);
});

test('two rules of one id stay two findings', () => {
  const snapshot = rules(`@id("x") ${PUSH}; @id("x") @ask("?") ${PUSH};`);
  expect(findings(snapshot, 'git-push', {}).map(({ rule }) => rule)).toEqual([
    'house-rules/x',
    'house-rules/x-2',
  ]);
});

describe('what Cedar would let pass', () => {
  test('a forbid that fails denies and is named, although Cedar skips it', () => {
    const snapshot = rules(`@id("broken") ${PUSH} when { context.args.nosuch == "x" };`);
    const decision = decide(snapshot, 'git-push', {});
    expect(decision.verdict).toBe('deny');
    expect(decision.findings).toContainEqual(
      expect.objectContaining({
        verdict: 'deny',
        rule: 'house-rules/broken',
        message: expect.stringContaining('failed'),
      }),
    );
  });

  test('a permit that fails denies too', () => {
    expect(
      decide(rules('permit (principal, action, resource) when { context.nosuch };'), 'git-push', {}).verdict,
    ).toBe('deny');
  });

  test('a rule that cannot be parsed denies every call', () => {
    const snapshot = rules('@id("x") forbid (principal, action == Action::"git-push"');
    expect(decide(snapshot, 'read-file', { path: 'a' }).verdict).toBe('deny');
  });

  test.each([
    ['an unknown annotation', `@advice("x") ${PUSH};`],
    ['a quorum of none', `@ask("x") @quorum("0") ${PUSH};`],
    ['a rate nobody can read', `@rate("often") ${PUSH};`],
    ['a template', 'forbid (principal == ?principal, action, resource);'],
    ['text behind the last rule', `${PUSH} when { false }; and more`],
  ])('%s denies the calls in its scope', (_what, source) => {
    const decision = decide(rules(source), 'git-push', {});
    expect(decision.verdict).toBe('deny');
    expect(decision.findings.some(({ message }) => message.includes('cannot be read'))).toBe(true);
  });

  test('an overflow in a rule denies', () => {
    const snapshot = rules(
      'forbid (principal, action == Action::"read-file", resource) when { context.args.limit * 9223372036854775807 < 0 };',
    );
    expect(decide(snapshot, 'read-file', { path: 'a', limit: 2 }).verdict).toBe('deny');
  });

  test('a permit loosens nothing', () => {
    const snapshot = rules(`permit (principal, action, resource); ${PUSH};`);
    expect(decide(snapshot, 'git-push', {}).verdict).toBe('deny');
  });
});

describe('arguments as rules see them', () => {
  const tools = [
    {
      name: 'pay',
      description: 'Pays.',
      effect: 'read' as const,
      sensitive: [],
      parameters: {
        type: 'object',
        properties: {
          amount: { type: 'number' },
          to: { type: ['string', 'null'] },
          options: { type: 'object', properties: { urgent: { type: 'boolean' } } },
          extra: { type: 'object' },
          tags: { type: 'array', items: { type: 'string' } },
        },
      },
    },
  ];
  const ABOVE = `forbid (principal, action == Action::"pay", resource) when
    { context.args has amount && context.args.amount.greaterThan(decimal("100.0")) };`;

  test('numbers are decimals', () => {
    const snapshot = rules(ABOVE, { tools });
    expect(decide(snapshot, 'pay', { amount: 100.01 }).verdict).toBe('deny');
    expect(decide(snapshot, 'pay', { amount: 100 }).verdict).toBe('allow');
    expect(decide(snapshot, 'pay', {}).verdict).toBe('allow');
  });

  test.each([1e15, 0.123456, -5e-7])('a number that no rule can compare denies: %p', (amount) => {
    const decision = decide(rules(ABOVE, { tools }), 'pay', { amount });
    expect(decision.verdict).toBe('deny');
    expect(decision.findings.some(({ message }) => message.includes('`amount`'))).toBe(true);
  });

  test('an argument that no rule names does not matter to the others', () => {
    const snapshot = rules(
      'forbid (principal, action == Action::"pay", resource) when { context.args has to && context.args.to == "x" };',
      { tools },
    );
    expect(decide(snapshot, 'pay', { amount: 1e15, to: 'y' }).verdict).toBe('allow');
    expect(decide(snapshot, 'pay', { amount: 1e15, to: null }).verdict).toBe('allow');
    expect(decide(snapshot, 'pay', { amount: 1e15, to: 'x' }).verdict).toBe('deny');
  });

  test('an object in the arguments never passes for an entity or a function of Cedar', () => {
    const snapshot = rules(
      `forbid (principal, action == Action::"pay", resource) unless
        { context.args has extra && context.args.extra == Agent::"tester" };
      forbid (principal, action == Action::"pay", resource) when { context.args has options && context.args.options has urgent };`,
      { tools },
    );
    const impostor = { __entity: { type: 'Agent', id: 'tester' } };
    expect(decide(snapshot, 'pay', { extra: impostor }).verdict).toBe('deny');
    expect(decide(snapshot, 'pay', { extra: impostor, options: { urgent: true, ...impostor } }).verdict).toBe(
      'deny',
    );
    expect(decide(snapshot, 'pay', { tags: [JSON.stringify(impostor)], to: '__extn' }).verdict).toBe('deny');
  });

  test("git-push without a branch is a push of the run's own", () => {
    const snapshot = rules(
      `${PUSH} when { context.args.branch != resource.name || context.args.branch like "gatehouse/*" };`,
    );
    expect(findings(snapshot, 'git-push', {})).toHaveLength(1);
  });

  test('a patch is judged once for each file it touches, by the name the tool will take', () => {
    const snapshot = rules(
      '@id("ci") forbid (principal, action in [Action::"apply-patch", Action::"write-file"], resource) when { resource.name like "ci/*" };',
    );
    const patch = (path: string) => `--- a/${path}\n+++ b/${path}\n@@ -1 +1 @@\n-a\n+b\n`;
    expect(findings(snapshot, 'apply-patch', { patch: patch('a.tf') + patch('./ci//x') })).toHaveLength(1);
    expect(findings(snapshot, 'apply-patch', { patch: patch('a.tf') })).toEqual([]);
    expect(findings(snapshot, 'write-file', { path: './ci/./y', content: '' })).toHaveLength(1);
  });
});

describe('content', () => {
  const snapshot = rules(
    `@id("encrypted") @message("buckets are encrypted")
    forbid (principal, action in Action::"changes-content", resource is ContentResource)
    when { resource.type == "aws_s3_bucket" }
    unless { resource.hasTag("encrypted") && resource.getTag("encrypted") == "true" };`,
  );
  const write = (content: Parameters<typeof findings>[3]) =>
    findings(snapshot, 'write-file', { path: 'main.tf', content: '' }, content);

  test('is judged thing by thing, and the reason says which and where', () => {
    const open = bucket({}, { address: 'aws_s3_bucket.open', line: 9 });
    expect(write({ content: { kind: 'loaded', resources: [bucket({ encrypted: 'true' }), open] } })).toEqual([
      expect.objectContaining({
        verdict: 'deny',
        rule: 'house-rules/encrypted',
        message: 'buckets are encrypted: `aws_s3_bucket.open` in `main.tf`, line 9',
      }),
    ]);
    expect(write({ content: { kind: 'loaded', resources: [] } })).toEqual([]);
  });

  test('that could not be loaded denies and says why', () => {
    expect(write({ content: { kind: 'unavailable', problem: '`main.tf` is no Terraform' } })).toEqual([
      expect.objectContaining({
        verdict: 'deny',
        message: expect.stringContaining('`main.tf` is no Terraform'),
      }),
    ]);
    expect(write({})).toEqual([expect.objectContaining({ verdict: 'deny', rule: 'content' })]);
  });

  test('is asked for only where a rule judges it', () => {
    expect(
      ['write-file', 'apply-patch', 'git-push', 'create-pr', 'read-file'].map((tool) =>
        judgesContent(snapshot, tool),
      ),
    ).toEqual([true, true, true, true, false]);
    expect(judgesContent(rules(`${PUSH};`), 'git-push')).toBe(false);
    expect(
      judgesContent(
        rules('forbid (principal, action, resource) when { resource has language };'),
        'git-push',
      ),
    ).toBe(true);
  });

  test('a rule that speaks of no content does not judge it', () => {
    const named = rules(
      'forbid (principal, action == Action::"write-file", resource) when { resource.name == "logs" };',
    );
    expect(
      findings(
        named,
        'write-file',
        { path: 'main.tf', content: '' },
        { content: { kind: 'loaded', resources: [bucket({})] } },
      ),
    ).toEqual([]);
  });
});

describe('observe', () => {
  const observed = (source: string) => findings(rules(source), 'git-push', {});

  test('a rule lets the call pass and says what it would have been', () => {
    expect(observed(`@observe ${PUSH}; @observe @ask("sure?") ${PUSH};`)).toEqual([
      expect.objectContaining({ verdict: 'allow', observed: 'deny' }),
      expect.objectContaining({ verdict: 'allow', observed: 'ask' }),
    ]);
  });

  test('a rule that enforces beside it still holds', () => {
    expect(observed(`@observe ${PUSH}; ${PUSH};`).map(({ verdict }) => verdict)).toEqual(['allow', 'deny']);
  });

  test('an organization that observes lets all its rules pass, also those that fail', () => {
    const snapshot = rules(`${PUSH}; ${PUSH} when { context.nosuch };`);
    expect(
      findings({ ...snapshot, id: 'observing', mode: 'observe' }, 'git-push', {}).map(
        ({ verdict, observed }) => [verdict, observed],
      ),
    ).toEqual([
      ['allow', 'deny'],
      ['allow', 'deny'],
    ]);
  });
});

test('without rules nothing is said', () => {
  expect(organizationLayer({} as never, { snapshot: { rules: [] } } as never)).toEqual([]);
});
