import pc from 'picocolors';
import { argumentLines, eventLines } from '../../src/cli/event-lines';
import { table } from '../../src/cli/table';

const plain = pc.createColors(false);

test('columns align, long cells are cut, colours do not count', () => {
  const rows = [
    { name: 'a', text: 'short' },
    { name: 'long name', text: 'x'.repeat(80) },
  ];
  const shown = table(
    rows,
    [
      { title: 'NAME', text: ({ name }) => name, paint: (cell) => `\u001b[32m${cell}\u001b[39m` },
      { title: 'TEXT', text: ({ text }) => text, maxWidth: 10 },
    ],
    plain,
  );
  expect(shown.replaceAll('\u001b[32m', '').replaceAll('\u001b[39m', '').split('\n')).toEqual([
    'NAME       TEXT',
    'a          short',
    'long name  xxxxxxxxx…',
  ]);
});

test('what a model says cannot move the cursor, break the line or turn the text around', () => {
  const line = eventLines(
    {
      type: 'turn',
      runId: 'r',
      sequence: 1,
      at: 0,
      data: { turn: 1, text: 'fine\u001b[2K\r\nallow \u202egnorw', calls: 1, tokens: 5 },
    },
    plain,
  );
  expect(line.split('\n')).toHaveLength(1);
  expect(line).toContain('fine\\u{1b}[2K\\u{d}⏎allow \\u{202e}gnorw (1 call, 5 tokens)');
});

test('an approver sees every argument, apart from our own words', () => {
  expect(argumentLines('{"body":"one\\n\\u001b[1mtwo","title":"T"}')).toEqual([
    '| body: one',
    '|   \\u{1b}[1mtwo',
    '| title: T',
  ]);
});
