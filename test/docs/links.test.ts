import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const ROOT = resolve(__dirname, '../..');

/** Pages for people, relative to the root. */
const pages = [
  'README.md',
  'CHANGELOG.md',
  'examples/README.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file)),
];

test.each(pages)('every relative link of %s leads to a file, and to a heading where it names one', (page) => {
  expect(brokenLinks(page, read(page))).toEqual([]);
});

test.each(pages)('every path in backticks of %s exists', (page) => {
  expect(missingPaths(read(page))).toEqual([]);
});

test('a link to nowhere, to a heading that is not there, and a path that is gone are found', () => {
  expect(
    brokenLinks('README.md', '[a](docs/nowhere.md) [b](README.md#no-such-heading) [c](#here)\n## Here'),
  ).toEqual(['docs/nowhere.md', 'README.md#no-such-heading']);
  expect(missingPaths('`src/nowhere.ts`, `src/config.ts`, `src/tools/*.ts`, `test/nowhere/`')).toEqual([
    'src/nowhere.ts',
    'test/nowhere/',
  ]);
});

function read(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

function brokenLinks(page: string, markdown: string): string[] {
  const links = [...withoutFences(markdown).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [path = '', heading] = link.split('#');
    const file = path === '' ? join(ROOT, page) : resolve(ROOT, dirname(page), path);
    if (!existsSync(file) || relative(ROOT, file).startsWith('..')) return true;
    if (heading === undefined) return false;
    const text = path === '' ? markdown : readFileSync(file, 'utf8');
    return !headingsOf(text).includes(heading);
  });
}

/** Patterns with `*`, `…` or capital placeholders name no file of their own. */
function missingPaths(markdown: string): string[] {
  const paths = [
    ...withoutFences(markdown).matchAll(/`((?:src|workflows|activities|docs|examples|test)\/[^`\s]*)`/g),
  ]
    .map(([, path = '']) => path)
    .filter((path) => !/[*…]|[A-Z]{3,}/.test(path.replace(/README\.md$/, '')));
  return paths.filter((path) => !existsSync(join(ROOT, path)));
}

/** Anchors as GitHub makes them. */
function headingsOf(markdown: string): string[] {
  return [...withoutFences(markdown).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function withoutFences(markdown: string): string {
  return markdown.replace(/^ {0,3}(```|~~~)[\s\S]*?^ {0,3}\1[ \t]*$/gm, '');
}
