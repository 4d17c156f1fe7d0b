import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '../..');
const ATTACKS = join(ROOT, 'test/attacks');
const page = readFileSync(join(ROOT, 'docs/threat-model.md'), 'utf8');

/** Attacks as the page names them: `file.test.ts`: *title*; *title*. */
function named(text: string): { file: string; title: string }[] {
  return [...text.matchAll(/`([\w-]+\.test\.ts)`: ((?:\*[^*]+\*(?:; )?)+)/g)].flatMap(([, file, titles]) =>
    [...titles!.matchAll(/\*([^*]+)\*/g)].map(([, title]) => ({ file: file!, title: title! })),
  );
}

function exists({ file, title }: { file: string; title: string }): boolean {
  const path = join(ATTACKS, file);
  if (!existsSync(path)) return false;
  // The quote before and after says that this is the whole of a title.
  const source = readFileSync(path, 'utf8').replaceAll("\\'", "'");
  return ["'", '"', '`'].some((quote) => source.includes(`${quote}${title}${quote}`));
}

test('every attack that the threat model names is a test', () => {
  expect(named(page).length).toBeGreaterThan(60);
  expect(named(page).filter((attack) => !exists(attack))).toEqual([]);
});

test('every file of attacks is named', () => {
  const files = readdirSync(ATTACKS).filter((file) => file.endsWith('.test.ts'));
  const known = new Set(named(page).map(({ file }) => file));
  expect(files.filter((file) => !known.has(file))).toEqual([]);
});

test('an attack that is not there, and half a title, are found', () => {
  expect(
    named('`grants.test.ts`: *no such attack*; *a forged grant*').filter((each) => !exists(each)),
  ).toEqual([
    { file: 'grants.test.ts', title: 'no such attack' },
    { file: 'grants.test.ts', title: 'a forged grant' },
  ]);
});
