/** How a call is written changes nothing about its verdict. */
import fc from 'fast-check';
import { agents, call, compiled, decide, prompt, tier, written } from './arbitrary-calls';

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
