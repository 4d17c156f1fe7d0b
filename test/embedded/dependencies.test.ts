import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  checkDependencies,
  type InstallOptions,
  installCommand,
  installDependencies,
} from '../../src/embedded/dependencies';
import { writePrograms } from './fake-programs';
import { temporaryFolder } from './temporary-folder';

const root = temporaryFolder();
const fine = 'echo version 1.2.3';
// It notes what it was asked and puts what it "installs" beside itself.
const apt = `
folder=$(/usr/bin/dirname "$0")
echo "$@" >> "$folder/asked"
for name in "$@"; do
  case $name in ripgrep) file=rg ;; socat) file=socat ;; *) continue ;; esac
  printf '#!/bin/sh\\necho version 4.5.6\\n' > "$folder/$file"; /bin/chmod +x "$folder/$file"
done`;

function machine(programs: Record<string, string>, more: Partial<InstallOptions> = {}) {
  const folder = writePrograms(mkdtempSync(join(root, 'bin-')), programs);
  const questions: string[] = [];
  const options: InstallOptions = {
    environment: { PATH: folder },
    progress: () => undefined,
    consent: 'no',
    isRoot: true,
    confirm: async (question) => {
      questions.push(question);
      return true;
    },
    ...more,
  };
  const asked = () => readFileSync(join(folder, 'asked'), 'utf8').trim().split('\n');
  return { options, questions, asked, install: () => installDependencies(options) };
}

const all = { bwrap: fine, socat: fine, rg: fine, git: fine };
const some = { bwrap: fine, git: fine, 'apt-get': apt };

test('this machine has what a run needs', async () => {
  for (const report of await checkDependencies(process.env)) {
    expect(report).toMatchObject({ version: expect.stringMatching(/\d+\.\d+/), problem: null });
  }
});

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('nothing is asked or installed when nothing is missing', async () => {
  const { install, questions } = machine(all, { consent: 'ask' });
  await install();
  expect(questions).toEqual([]);
});

onLinux('the tests need a browser as well, and a run does not', async () => {
  await machine(all).install();
  await expect(machine(all, { purpose: 'tests' }).install()).rejects.toMatchObject({
    code: 'dependencies-missing',
    message: expect.stringContaining('`chromium` is missing'),
  });
  await machine({ ...all, chromium: fine }, { purpose: 'tests' }).install();
});

onLinux('what is missing is named with the one command to run', async () => {
  const { install } = machine(some);
  await expect(install()).rejects.toMatchObject({
    code: 'dependencies-missing',
    message:
      '`socat`, `ripgrep` are missing: run `apt-get update && apt-get install -y --no-install-recommends socat ripgrep`',
  });
});

onLinux('root with consent gets exactly what is missing', async () => {
  const { install, asked } = machine(some, { consent: 'yes' });
  await install();
  expect(asked()).toEqual(['update', 'install -y --no-install-recommends socat ripgrep']);
});

onLinux('a person at the terminal is asked first, and may say no', async () => {
  const willing = machine(some, { consent: 'ask' });
  await willing.install();
  expect(willing.questions).toEqual([
    'socat, ripgrep are missing. Run `apt-get update && apt-get install -y --no-install-recommends socat ripgrep`?',
  ]);
  const unwilling = machine(some, { consent: 'ask', confirm: async () => false });
  await expect(unwilling.install()).rejects.toMatchObject({ code: 'dependencies-missing' });
});

onLinux('who is not root is told the command with sudo, consent or not', async () => {
  const { install } = machine(some, { consent: 'yes', isRoot: false });
  await expect(install()).rejects.toThrow(
    'run `sudo apt-get update && sudo apt-get install -y --no-install-recommends socat ripgrep`',
  );
});

onLinux('an installation that fails is not taken for done', async () => {
  const { install } = machine({ ...some, 'apt-get': 'echo E: no network; exit 100' }, { consent: 'yes' });
  await expect(install()).rejects.toMatchObject({
    code: 'dependencies-missing',
    cause: expect.stringContaining('no network'),
  });
});

onLinux('a sandbox that is there but cannot work is named with its reason', async () => {
  const bwrap =
    'case "$*" in *--version*) echo version 1.2.3 ;; *) echo "bwrap: No permissions to create new namespace" >&2; exit 1 ;; esac';
  const { install } = machine({ ...all, bwrap });
  await expect(install()).rejects.toMatchObject({
    code: 'dependency-broken',
    message: expect.stringContaining('(bwrap: No permissions to create new namespace)'),
  });
});

test('the command fits the package manager that is there', async () => {
  const withManager = (name: string) => ({
    PATH: writePrograms(mkdtempSync(join(root, 'bin-')), { [name]: fine }),
  });
  expect(await installCommand(['git'], withManager('brew'), false)).toBe('brew install git');
  expect(await installCommand(['git'], withManager('dnf'), false)).toBe('sudo dnf install -y git');
  expect(await installCommand(['git'], { PATH: '' }, false)).toBe('install git with your package manager');
});
