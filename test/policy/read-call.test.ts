import fc from 'fast-check';
import { z } from 'zod';
import { parseStrictJson } from '../../src/domain/canonical-json';
import { normalizeToolName } from '../../src/domain/permissions';
import { type Reading, readCall } from '../../src/policy/read-call';
import { builtInTools } from '../../src/tools/catalogue';
import { probe, snapshotOf, toolsWith } from './fixture';

const context = { runId: 'run-1', branch: 'gatehouse/run-1', settings: snapshotOf().settings };
const read = (tool: string, args: string): Reading =>
  readCall({ id: 'call-1', tool, args }, toolsWith(), context);
const ruleOf = (reading: Reading) => (reading.ok ? null : reading.finding.rule);

test('defaults are filled in, and what is judged is what the canonical text says', () => {
  const reading = read('read_file', ' { "path" : "main.tf" } ');
  expect(reading).toMatchObject({
    ok: true,
    read: { call: { id: 'call-1', tool: 'read-file', args: '{"limit":2000,"offset":1,"path":"main.tf"}' } },
  });
  if (reading.ok) expect(reading.read.args).toEqual(JSON.parse(reading.read.call.args));
});

test('a canonical call read again is the same call', () => {
  const values = fc.record({
    path: fc.string({ minLength: 1, maxLength: 20 }),
    offset: fc.integer({ min: 1 }),
  });
  fc.assert(
    fc.property(values, (args) => {
      const once = read('read-file', JSON.stringify(args));
      if (!once.ok) throw new Error(once.finding.message);
      const twice = read(once.read.call.tool, once.read.call.args);
      expect(twice.ok && twice.read.call).toEqual(once.read.call);
    }),
  );
});

test('blank arguments are no arguments', () => {
  expect(read('git-diff', '')).toMatchObject({ ok: true });
  expect(read('git-diff', ' \n')).toMatchObject({ ok: true });
});

test.each([
  ['an unknown key', '{"effect":"read","as":"root"}', 'wrong-arguments'],
  ['the key __proto__', '{"effect":"read","__proto__":{"marks":[]}}', 'malformed-arguments'],
  ['a value of another kind', '{"effect":7}', 'wrong-arguments'],
  ['a list', '[]', 'wrong-arguments'],
  ['null', 'null', 'wrong-arguments'],
  ['half an object', '{"effect":', 'malformed-arguments'],
])('%s is refused', (_what, args, rule) => {
  expect(ruleOf(read('probe', args))).toBe(rule);
});

test('no text of a model makes the reader throw or answer at length', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (tool, args) => {
      const reading = read(tool, args);
      expect(reading.ok).toBe(false);
    }),
  );
  const key = `\\u001b[2J${'x'.repeat(200_000)}`;
  for (const reading of [read('\u202e'.repeat(90_000), '{}'), read('probe', `{"effect":"read","${key}":1}`)])
    expect(reading).toMatchObject({
      finding: { message: expect.stringMatching(/^[\x20-\x7e…✖→⏎]{1,800}$/u) },
    });
});

test('a tool never judges arguments that were refused', () => {
  const judge = jest.fn();
  readCall(
    { id: 'call-1', tool: 'probe', args: '{"effect":"read","x":1}' },
    () => ({ ...probe, judge }),
    context,
  );
  expect(judge).not.toHaveBeenCalled();
});

describe('of the built-in tools', () => {
  test.each(
    [...builtInTools.values()].map((tool) => [tool.name, tool] as const),
  )('%s is named as names are normalised, and refuses a key it does not know', (name, tool) => {
    expect(normalizeToolName(name)).toBe(name);
    const parsed = tool.parameters.safeParse(parseStrictJson('{"no-such-argument":1}'));
    expect(parsed.success).toBe(false);
    expect(z.prettifyError(parsed.error as z.ZodError)).toMatch(/unrecognized/i);
  });
});
