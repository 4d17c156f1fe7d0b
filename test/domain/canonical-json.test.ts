import fc from 'fast-check';
import { canonicalJson, MAX_JSON_LENGTH, parseStrictJson } from '../../src/domain/canonical-json';

/** JSON values that the strict reader takes: no lone surrogates, no whole numbers beyond 2^53, no `__proto__`. */
const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }).map((number) => number + 0),
      text,
    ),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(
      text.filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 4, noNullPrototype: true },
    ),
  ),
})).value;

/** The same value, its keys in another order and white space between all tokens. */
function rewritten(value: unknown, space: string): string {
  if (Array.isArray(value))
    return `[${space}${value.map((each) => rewritten(each, space)).join(`${space},${space}`)}${space}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .reverse()
      .map(([key, each]) => `${JSON.stringify(key)}${space}:${space}${rewritten(each, space)}`);
    return `{${space}${members.join(`${space},${space}`)}${space}}`;
  }
  return JSON.stringify(value);
}

test('key order and white space do not change the canonical text', () => {
  fc.assert(
    fc.property(json, fc.constantFrom('', ' ', '\n\t', '\r\n  '), (value, space) => {
      const canonical = canonicalJson(parseStrictJson(JSON.stringify(value)));
      expect(canonicalJson(parseStrictJson(rewritten(value, space)))).toBe(canonical);
    }),
  );
});

test('canonical text read again is the same text and the same value', () => {
  fc.assert(
    fc.property(json, (value) => {
      const canonical = canonicalJson(parseStrictJson(JSON.stringify(value)));
      expect(canonicalJson(parseStrictJson(canonical))).toBe(canonical);
      expect(JSON.parse(canonical)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('keys are sorted by UTF-16 units, as RFC 8785 has it', () => {
  expect(canonicalJson(parseStrictJson('{"\u20ac":1,"\\r":2,"1":3,"\ud83d\ude00":4,"\ufb33":5}'))).toBe(
    '{"\\r":2,"1":3,"\u20ac":1,"\ud83d\ude00":4,"\ufb33":5}',
  );
});

test.each([
  ['a duplicate key', '{"a":1,"a":2}', 'twice at $'],
  ['a duplicate key written otherwise', '{"a":1,"\\u0061":2}', 'twice at $'],
  ['a duplicate key further in', '{"x":[{"a":1,"a":1}]}', 'twice at $.x[0]'],
  ['the key __proto__', '{"__proto__":{"admin":true}}', '`__proto__`'],
  ['the key __proto__ written otherwise', '{"a":{"\\u005f_proto__":1}}', '`__proto__`'],
  ['a number beyond all doubles', '{"n":1e400}', 'out of range at $.n'],
  ['a whole number that loses digits', '[9007199254740993]', 'loses digits at $[0]'],
  ['a lone surrogate', '"\\ud800"', 'lone surrogate'],
  ['a lone surrogate in a key', '{"\\udc00":1}', 'lone surrogate'],
  ['a comment', '{} // x', 'json'],
  ['a trailing comma', '[1,]', 'json'],
  ['a byte order mark', '\ufeff{}', 'json'],
  ['a bare control character', '"a\u0001b"', 'json'],
  ['a bare line break in a text', '"a\nb"', 'json'],
  ['two values', '{}{}', 'json'],
  ['nothing', '', 'json'],
  ['NaN', 'NaN', 'json'],
  ['a leading zero', '01', 'json'],
  ['nesting without end', `${'['.repeat(65)}${']'.repeat(65)}`, 'deeper than 64'],
  ['a bomb of brackets', '['.repeat(250_000), 'deeper than 64'],
  ['a text without end', `"${'x'.repeat(MAX_JSON_LENGTH)}"`, 'longer than'],
])('%s is refused', (_what, source, says) => {
  expect(() => parseStrictJson(source)).toThrow(
    expect.objectContaining({
      code: 'json-malformed',
      message: expect.stringMatching(new RegExp(escaped(says), 'i')),
    }),
  );
});

test('brackets within a text are no nesting', () => {
  expect(parseStrictJson(JSON.stringify('[{'.repeat(100)))).toBe('[{'.repeat(100));
});

test('names that every object inherits are keys like any other', () => {
  expect(canonicalJson(parseStrictJson('{"toString":1,"constructor":{"prototype":2}}'))).toBe(
    '{"constructor":{"prototype":2},"toString":1}',
  );
});

test('a refusal quotes a hostile key short and visibly', () => {
  const key = `\\u202e${'x'.repeat(100_000)}`;
  expect(() => parseStrictJson(`{"${key}":1,"${key}":2}`)).toThrow(
    expect.objectContaining({ message: expect.stringMatching(/^[\x20-\x7e…⏎]{1,400}$/) }),
  );
});

function escaped(source: string): string {
  return source.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
