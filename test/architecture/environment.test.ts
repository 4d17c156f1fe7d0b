import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './cruise';

const READS_ENVIRONMENT =
  /\bprocess\s*(\?\.|\.)\s*env\b|\bprocess\s*(\?\.)?\s*\[|\{[^}]*\benv\b[^}]*\}\s*=\s*process\b|['"](node:)?process['"]/;

/** The files under `folders` that read the environment. */
function readers(tree: string, folders: readonly string[]): string[] {
  return folders
    .flatMap((folder) =>
      readdirSync(path.join(tree, folder), { recursive: true, encoding: 'utf8' }).map((file) =>
        path.join(folder, file),
      ),
    )
    .filter((file) => /\.[cm]?[jt]s$/.test(file) && !file.startsWith('src/store/generated/'))
    .filter((file) => READS_ENVIRONMENT.test(readFileSync(path.join(tree, file), 'utf8')))
    .sort();
}

test('only src/config.ts reads the environment', () => {
  const found = readers(ROOT, ['src', 'workflows', 'activities', 'bin']);
  // The client runs in no process of ours: a sandbox tells it where to ask.
  expect(found.filter((file) => file !== 'src/client/ask-user.js')).toEqual(['src/config.ts']);
});

test.each([
  'const home = process.env.HOME',
  "const home = process['env'].HOME",
  'const { env } = process',
  "import { env } from 'node:process'",
  'const all = process?.env',
])('reading it as `%s` is noticed', (line) => {
  expect(line).toMatch(READS_ENVIRONMENT);
});
