import { pathsInPatch } from '../../src/tools/patch-paths';

const hunk = '@@ -1 +1 @@\n-a\n+b\n';

test.each([
  ['a change', `--- a/x\n+++ b/x\n${hunk}`, ['x']],
  ['a change with times', `--- a/x\t2026-01-01\n+++ b/x\t2026-01-01\n${hunk}`, ['x']],
  ['a new file', '--- /dev/null\n+++ b/n\n@@ -0,0 +1 @@\n+n\n', ['n']],
  ['a move', 'diff --git a/o b/n\nsimilarity index 100%\nrename from o\nrename to n\n', ['o', 'n']],
  ['a mode', 'diff --git a/x y b/x y\nold mode 100644\nnew mode 100755\n', ['x y']],
  ['two files', `--- a/x\n+++ b/x\n${hunk}--- a/y\n+++ b/y\n${hunk}`, ['x', 'y']],
  [
    'content that looks like a header',
    '--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n--- a/fake\n-b\n+++ b/fake\n+c\n',
    ['x'],
  ],
  [
    'no line end',
    '--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file',
    ['x'],
  ],
])('names the files of %s', (_what, patch, paths) => {
  expect(pathsInPatch(patch)).toEqual({ ok: true, paths, makesLink: false });
});

test.each([
  ['nothing', ''],
  ['text', 'please change x'],
  ['names without a/ and b/', `--- x\n+++ x\n${hunk}`],
  ['quoted names', `--- "a/\\303\\244"\n+++ "b/\\303\\244"\n${hunk}`],
  ['names that cannot be told apart', 'diff --git a/x b/y z\nold mode 100644\nnew mode 100755\n'],
  ['a hunk that is too long', `--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n-b\n+c\n`],
  ['a hunk that is too short', '--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n a\n'],
])('does not guess at %s', (_what, patch) => {
  expect(pathsInPatch(patch)).toMatchObject({ ok: false, line: expect.any(Number) });
});
