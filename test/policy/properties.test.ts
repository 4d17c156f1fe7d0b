/** What holds for every call, agent and policy there could be: fuzzed, and going in by `judge` and the gate. */
import fc from 'fast-check';
import type { Agent } from '../../src/domain/agent';
import { type Finding, verdicts } from '../../src/domain/decision';
import { effects, marks } from '../../src/domain/effect';
import type { Judgement } from '../../src/domain/judgement';
import type { CustomPolicy, PolicySnapshot } from '../../src/domain/policy';
import type { AutonomyTier } from '../../src/domain/tier';
import { gateTurn } from '../../src/policy/gate-turn';
import { judge, stricterDecision } from '../../src/policy/judge';
import type { FindTool } from '../../src/policy/read-call';
import { compileSnapshot, snapshotId } from '../../src/policy/snapshot';
import { builtInTools } from '../../src/tools/catalogue';
import { AT, agent, facts, gateContext, gateInput, probe, toolsWith } from './fixture';

type Call = readonly [tool: string, args: Record<string, unknown>];

/** One and more of every kind of tool, so that every layer has something to say. */
const CALLS: readonly Call[] = [
  ['read-file', { path: 'main.tf' }],
  ['read-file', { path: 'keys/server.pem', offset: 3 }],
  ['search-files', { pattern: 'TODO', path: 'modules', limit: 5 }],
  ['ask-user', { question: 'Which?', options: ['one', 'two'] }],
  ['propose-change', { title: 'Encrypt', text: 'All of it' }],
  ['write-file', { path: 'main.tf', content: 'resource "aws_s3_bucket" "b" {}\n' }],
  ['write-file', { path: '.git/config', content: '' }],
  ['git-push', { branch: 'main', force: true }],
  ['git-push', { branch: 'feature' }],
  ['create-pr', { title: 'Encrypt', body: 'All', reviewers: ['ann', 'eve'] }],
  ['cloud-credentials', { account: 'shop', role: 'reader', scope: 'read' }],
  ['cloud-credentials', { account: 'shop', role: 'admin', scope: 'write' }],
  ['terraform-apply', { path: 'stage', workspace: 'shop' }],
  ['kubectl-apply', { path: 'app.yaml', context: 'prod', namespace: 'shop' }],
  ['trigger-pipeline', { pipeline: 'deploy', ref: 'main' }],
  ['run-command', { command: 'ls -la src', cwd: 'src' }],
  ['run-command', { command: 'rm -rf build && kubectl delete ns shop', timeoutMs: 5_000 }],
  ['probe', { effect: 'production', marks: ['network'], flags: ['productionAccess'] }],
  ['no-such-tool', { a: 1, b: [2, { c: 3 }] }],
];
const call = fc.constantFrom(...CALLS);
const tier = fc.constantFrom(0, 1, 2, 3, 4) as fc.Arbitrary<AutonomyTier>;
const names = fc.subarray([...builtInTools.keys(), 'probe']);
const flag = fc.option(fc.boolean(), { nil: undefined });
const agents: fc.Arbitrary<Partial<Agent>> = fc.record({
  tier,
  allowedTools: fc.option(names, { nil: undefined }),
  deniedTools: fc.option(fc.subarray(['write-file', 'git_push', 'runCommand']), { nil: undefined }),
  requiresApproval: fc.record({ prCreation: flag, credentialRequest: flag, productionAccess: flag }),
  grounding: fc.constantFrom('ask', 'deny', 'off'),
  protectedPaths: fc.subarray(['modules/', '*.tf']),
  protectedContexts: fc.subarray(['prod']),
});
const prompt = fc.constantFrom('Fix it.', 'Ask ann about shop, as reader, on feature.', '');

/** Rules that forbid, ask, permit, fail and cannot be read. */
const RULES = [
  'forbid (principal, action, resource);',
  '@ask("look at it") forbid (principal, action, resource);',
  'permit (principal, action, resource);',
  'forbid (principal, action, resource) when { context.nothing.like == "this" };',
  'forbid (principal, ',
];
const policies: fc.Arbitrary<CustomPolicy[]> = fc.subarray(RULES).map((chosen) =>
  chosen.map((rule, index) => ({
    id: `p${index}`,
    name: `Policy ${index}`,
    content: `Prose.\n\`\`\`cedar\n${rule}\n\`\`\`\n`,
    isActive: true,
    version: 1,
    organizationId: 'org-1',
  })),
);

const builtIn = toolsWith();

/** As a policy that cannot be compiled is met by the gate: no snapshot, nothing allowed. */
function compiled(parts: Partial<Agent>, active: readonly CustomPolicy[] = []): PolicySnapshot {
  return compileSnapshot({ organizationId: 'org-1', agent: agent(parts), policies: active });
}

function decide(
  text: { tool: string; args: string },
  snapshot: PolicySnapshot,
  said = 'Fix it.',
  find = builtIn,
) {
  const context = {
    runId: 'run-1',
    snapshot,
    facts: facts(),
    trusted: { prompt: said, answers: [] },
    now: AT,
  };
  return judge({ id: 'call-1', ...text }, context, find).decision;
}

const rank = (verdict: string) => verdicts.indexOf(verdict as (typeof verdicts)[number]);
const written = ([tool, args]: Call) => ({ tool, args: JSON.stringify(args) });

describe('nothing that is added loosens', () => {
  test('a denied tool', () => {
    fc.assert(
      fc.property(call, agents, names, prompt, (each, parts, denied, said) => {
        const before = decide(written(each), compiled(parts), said);
        const more = { ...parts, deniedTools: [...(parts.deniedTools ?? []), ...denied] };
        expect(rank(decide(written(each), compiled(more), said).verdict)).toBeLessThanOrEqual(
          rank(before.verdict),
        );
      }),
      { numRuns: 500 },
    );
  });

  test('a rule, whatever it says and whether or not it can be evaluated', () => {
    fc.assert(
      fc.property(call, agents, policies, policies, prompt, (each, parts, some, others, said) => {
        const more = [...some, ...others.map((policy) => ({ ...policy, id: `more-${policy.id}` }))];
        const before = decide(written(each), compiled(parts, some), said);
        expect(rank(decide(written(each), compiled(parts, more), said).verdict)).toBeLessThanOrEqual(
          rank(before.verdict),
        );
      }),
      { numRuns: 300 },
    );
  });

  test('a layer: whatever findings come beside those there are', () => {
    const finding: fc.Arbitrary<Finding> = fc.record({
      verdict: fc.constantFrom(...verdicts),
      layer: fc.constantFrom('organization', 'commands', 'rates'),
      rule: fc.constantFrom('one', 'two'),
      message: fc.constant('because'),
    });
    fc.assert(
      fc.property(
        agents,
        fc.constantFrom(...effects),
        fc.subarray([...marks]),
        fc.array(finding),
        (parts, effect, marked, added) => {
          const judgedAs =
            (findings: Finding[]): FindTool =>
            () => ({
              ...probe,
              judge: () => ({ effect, marks: marked, findings }),
            });
          const args = { tool: 'probe', args: '{"effect":"read"}' };
          const before = decide(args, compiled(parts), '', judgedAs([]));
          const after = decide(args, compiled(parts), '', judgedAs(added));
          expect(rank(after.verdict)).toBeLessThanOrEqual(rank(before.verdict));
          expect(rank(after.verdict)).toBeLessThanOrEqual(
            Math.min(4, ...added.map(({ verdict }) => rank(verdict))),
          );
        },
      ),
    );
  });

  test('a second opinion: the current policy beside the pinned one', () => {
    fc.assert(
      fc.property(call, agents, agents, (each, one, other) => {
        const [pinned, current] = [compiled(one), compiled(other)].map((snapshot) =>
          decide(written(each), snapshot),
        );
        const joined = stricterDecision(pinned!, current!);
        expect(rank(joined.verdict)).toBe(Math.min(rank(pinned!.verdict), rank(current!.verdict)));
      }),
    );
  });
});

describe('how a call is written changes nothing', () => {
  const space = fc.stringMatching(/^[ \t\n\r]{0,3}$/);

  /** JSON of a value with its keys in another order, other whitespace and escapes that mean the same. */
  const rewritten = (value: unknown): fc.Arbitrary<string> => {
    if (Array.isArray(value))
      return fc
        .tuple(space, fc.tuple(...value.map(rewritten)))
        .map(([blank, parts]) => `[${blank}${parts.join(`${blank},`)}${blank}]`);
    if (typeof value === 'object' && value !== null) {
      const entries = Object.entries(value);
      return fc
        .tuple(space, fc.shuffledSubarray(entries, { minLength: entries.length }))
        .chain(([blank, shuffled]) =>
          fc
            .tuple(...shuffled.map(([key, each]) => fc.tuple(rewritten(key), rewritten(each))))
            .map(
              (pairs) =>
                `{${blank}${pairs.map(([key, each]) => `${key}${blank}:${blank}${each}`).join(`,${blank}`)}}`,
            ),
        );
    }
    if (typeof value === 'string')
      return fc
        .boolean()
        .map((isEscaped) =>
          isEscaped
            ? `"${[...value].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`
            : JSON.stringify(value),
        );
    return fc.constant(JSON.stringify(value));
  };

  test('the order of arguments, whitespace and escapes', () => {
    fc.assert(
      fc.property(
        call.chain((each) => fc.tuple(fc.constant(each), rewritten(each[1]))),
        agents,
        prompt,
        ([each, args], parts, said) => {
          expect(JSON.parse(args)).toEqual(each[1]);
          const snapshot = compiled(parts);
          expect(decide({ tool: each[0], args }, snapshot, said)).toEqual(
            decide(written(each), snapshot, said),
          );
        },
      ),
      { numRuns: 400 },
    );
  });

  test("how a tool's name is spelt", () => {
    fc.assert(
      fc.property(call, agents, (each, parts) => {
        const snake = each[0].replaceAll('-', '_');
        const camel = each[0].replace(/-(\w)/g, (_hyphen, letter: string) => letter.toUpperCase());
        if (each[0] === 'no-such-tool') return;
        for (const tool of [snake, camel, each[0].toUpperCase()])
          expect(decide({ ...written(each), tool }, compiled(parts))).toEqual(
            decide(written(each), compiled(parts)),
          );
      }),
    );
  });

  const COMMANDS = [
    'ls -la src',
    'cat README.md',
    'rm -rf build',
    'rm -rf /',
    'kubectl get pods -n shop',
    'kubectl --context prod delete ns shop',
    'git push origin main',
    'git push --force origin HEAD:main',
    'terraform apply -auto-approve',
    'aws s3 rm s3://bucket --recursive',
    'curl -X DELETE https://api.example.com/things/1',
    'make build',
    'sudo systemctl stop nginx',
    'find . -name x.log -delete',
  ].map((command) => command.split(' '));

  const quoted = (word: string) =>
    fc.constantFrom(
      word,
      `'${word}'`,
      `"${word}"`,
      `${word.slice(0, 1)}""${word.slice(1)}`,
      `\\${word}`,
      `${word.slice(0, 1)}'${word.slice(1)}'`,
    );

  test('the quoting style and the whitespace of a command', () => {
    fc.assert(
      fc.property(
        fc
          .constantFrom(...COMMANDS)
          .chain((words) =>
            fc.tuple(
              fc.constant(words.join(' ')),
              fc.tuple(...words.map(quoted)),
              fc.constantFrom(' ', '  ', '\t', ' \\\n '),
              fc.constantFrom('', ' ', '\n'),
            ),
          ),
        tier,
        ([command, words, between, around], at) => {
          const snapshot = compiled({ tier: at });
          const other = `${around}${words.join(between)}${around}`;
          const [one, two] = [command, other].map((text) => {
            const {
              verdict,
              effect,
              marks: marked,
              findings,
            } = decide({ tool: 'run-command', args: JSON.stringify({ command: text }) }, snapshot);
            const rules = findings.map(({ layer, rule, verdict: said }) => `${said} ${layer}/${rule}`);
            return { verdict, effect, marks: [...marked].sort(), rules: rules.sort() };
          });
          expect(two).toEqual(one);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('nothing throws, and no error allows', () => {
  const anyText = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string(),
    fc.json(),
    fc.constantFrom('', '{', 'null', '[]'),
  );

  test('any call', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.constantFrom(...CALLS.map(([tool]) => tool)), anyText),
        anyText,
        agents,
        (tool, args, parts) => {
          const decision = decide({ tool, args }, compiled(parts));
          expect(verdicts).toContain(decision.verdict);
          if (decision.errors.length > 0 || decision.effect === null) expect(decision.verdict).toBe('deny');
        },
      ),
      { numRuns: 500 },
    );
  });

  test('any arguments that are JSON', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...builtInTools.keys()),
        fc.dictionary(fc.string(), fc.jsonValue()),
        (tool, args) => {
          const decision = decide({ tool, args: JSON.stringify(args) }, compiled({ tier: 4 }));
          expect(decision.errors).toEqual([]);
          expect(decision.findings.length).toBeGreaterThan(0);
        },
      ),
    );
  });

  test('a tool that judges nonsense, throws, or is no tool', () => {
    fc.assert(
      fc.property(fc.anything(), fc.boolean(), (nonsense, throws) => {
        const tool = {
          ...probe,
          judge(): Judgement {
            if (throws) throw nonsense;
            return nonsense as Judgement;
          },
        };
        const decision = decide(
          { tool: 'probe', args: '{"effect":"read"}' },
          compiled({ tier: 4 }),
          '',
          () => tool,
        );
        expect(decision.verdict).toBe('deny');
      }),
      { numRuns: 300 },
    );
  });

  test('a finding that this release does not know denies', () => {
    const finding = { verdict: 'perhaps', layer: 'tools', rule: 'x', message: 'y' } as unknown as Finding;
    const tool = { ...probe, judge: (): Judgement => ({ effect: 'read', marks: [], findings: [finding] }) };
    expect(decide({ tool: 'probe', args: '{"effect":"read"}' }, compiled({}), '', () => tool).verdict).toBe(
      'deny',
    );
  });

  test('a snapshot whose parts are missing', () => {
    const keys = ['permissions', 'settings', 'digest', 'rules', 'tools'] as const;
    fc.assert(
      fc.property(call, fc.constantFrom(...keys), fc.anything(), (each, key, value) => {
        const broken = { ...compiled({ tier: 4 }), [key]: value } as PolicySnapshot;
        expect(() => decide(written(each), broken)).not.toThrow();
        if (key === 'permissions' && (value === null || typeof value !== 'object'))
          expect(decide(written(each), broken).verdict).toBe('deny');
      }),
    );
  });
});

describe('the same verdict everywhere', () => {
  test('after a snapshot was JSON, under the same id', () => {
    fc.assert(
      fc.property(call, agents, policies, prompt, (each, parts, active, said) => {
        const snapshot = compiled(parts, active);
        const again = JSON.parse(JSON.stringify(snapshot)) as PolicySnapshot;
        const { id, ...content } = again;
        expect(snapshotId(content)).toBe(id);
        expect(decide(written(each), again, said)).toEqual(decide(written(each), snapshot, said));
      }),
    );
  });

  test('in the gate and outside it', () => {
    fc.assert(
      fc.property(call, agents, prompt, (each, parts, said) => {
        const snapshot = compiled(parts);
        const gated = gateTurn(gateInput([each]), gateContext(snapshot, { prompt: said })).calls[0]!;
        expect(gated.decision).toEqual(decide(written(each), snapshot, said));
      }),
    );
  });
});
