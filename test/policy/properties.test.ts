/** What holds for every call, agent and policy there could be: fuzzed, and going in by `judge` and the gate. */
import fc from 'fast-check';
import { type Finding, verdicts } from '../../src/domain/decision';
import { effects, marks } from '../../src/domain/effect';
import type { Judgement } from '../../src/domain/judgement';
import type { PolicySnapshot } from '../../src/domain/policy';
import { gateTurn } from '../../src/policy/gate-turn';
import { stricterDecision } from '../../src/policy/judge';
import type { FindTool } from '../../src/policy/read-call';
import { snapshotId } from '../../src/policy/snapshot';
import { builtInTools } from '../../src/tools/catalogue';
import {
  agents,
  CALLS,
  call,
  compiled,
  decide,
  names,
  policies,
  prompt,
  rank,
  written,
} from './arbitrary-calls';
import { gateContext, gateInput, probe } from './fixture';

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
