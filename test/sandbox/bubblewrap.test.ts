import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBubblewrapSandbox } from '../../src/sandbox/bubblewrap';
import type { Refusal } from '../../src/sandbox/egress';

const sandbox = createBubblewrapSandbox();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bubblewrap-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const nowhere = { effect: 'read' as const, workspace: null };

test('a command gets its input, arguments, folder and environment, and gives its outputs and exit code', async () => {
  const result = await sandbox.run(
    {
      argv: ['sh', '-c', 'cat; echo "$1 $MORE"; pwd; echo oh >&2; exit 3', 'sh', "it's"],
      stdin: 'in\n',
      env: { MORE: 'more', PATH: '/tmp' },
      cwd: 'sub',
    },
    { effect: 'read', workspace: withFolder('sub') },
  );
  expect(result).toEqual({
    exitCode: 3,
    stdout: "in\nit's more\n/workspace/sub\n",
    stderr: 'oh\n',
    killed: null,
    truncated: false,
  });
});

test('a program that is not there fails like any command', async () => {
  const result = await sandbox.run({ argv: ['no-such-program'] }, nowhere);
  expect(result).toMatchObject({ exitCode: 127, killed: null });
});

test('a command past its time is killed with all it started', async () => {
  const result = await sandbox.run(
    { argv: ['sh', '-c', 'sleep 60 & sleep 60; echo no'], timeoutMs: 200 },
    nowhere,
  );
  expect(result).toEqual({
    ...{ exitCode: null, stdout: '', stderr: '', killed: 'timeout', truncated: false },
    hit: [{ kind: 'time', most: 0.2 }],
  });
});

test('a cancelled command is killed', async () => {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 100);
  const result = await sandbox.run({ argv: ['sleep', '60'] }, nowhere, stop.signal);
  expect(result).toMatchObject({ exitCode: null, killed: 'cancelled' });
  await expect(sandbox.run({ argv: ['true'] }, nowhere, stop.signal)).rejects.toThrow();
});

test('a command killed at any moment of its start leaves nothing behind', async () => {
  const marker = `986.${process.pid}`;
  for (let round = 0; round < 4; round++)
    await Promise.all(
      Array.from({ length: 12 }, (_, index) => {
        const stop = new AbortController();
        setTimeout(() => stop.abort(), 4 * index + round);
        return sandbox.run({ argv: ['sleep', marker] }, nowhere, stop.signal).catch(() => {});
      }),
    );
  const running = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).split('\n');
  expect(running.filter((line) => line.endsWith(marker))).toEqual([]);
});

test('output past the limit is dropped', async () => {
  const result = await sandbox.run(
    { argv: ['sh', '-c', 'yes | head -c 300000'], maxOutputBytes: 1000 },
    nowhere,
  );
  expect(result).toMatchObject({ exitCode: 0, truncated: true });
  expect(result.stdout).toHaveLength(1000);
});

test('input that nobody reads is no failure', async () => {
  expect(await sandbox.run({ argv: ['true'], stdin: 'x'.repeat(1_000_000) }, nowhere)).toMatchObject({
    exitCode: 0,
  });
});

test('a listed host is reached through the proxy, by name or address and port', async () => {
  const server = createServer((_, response) => response.end('hello\n'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const refused: string[] = [];
  const confinement = {
    effect: 'sandbox' as const,
    workspace: null,
    network: [`127.0.0.1:${port}`],
    onRefusedHost: (to: Refusal) => refused.push(`${to.host}:${to.port} ${to.reason}`),
  };
  const fetched = await sandbox.run({ argv: ['curl', '-sS', `http://127.0.0.1:${port}/`] }, confinement);
  expect(fetched).toMatchObject({ exitCode: 0, stdout: 'hello\n' });
  await sandbox.run({ argv: ['curl', '-sS', 'https://example.com/'] }, confinement);
  expect(refused).toEqual(['example.com:443 host']);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test('without bubblewrap nothing runs, and the refusal says what to install', async () => {
  const without = createBubblewrapSandbox({ path: [folder] });
  for (const attempt of [without.check(), without.run({ argv: ['true'] }, nowhere)])
    await expect(attempt).rejects.toMatchObject({
      code: 'sandbox-unavailable',
      message: 'the sandbox needs the program `bwrap`; install bubblewrap',
    });
});

test.each([
  ['fails', '#!/bin/sh\necho "bwrap: no permissions" >&2; exit 1'],
  ['runs the command without confining it', '#!/bin/sh\nexit 0'],
  ['cannot be started', 'nonsense'],
])('a bubblewrap that %s is none', async (_, program) => {
  writeFileSync(join(folder, 'bwrap'), program);
  chmodSync(join(folder, 'bwrap'), 0o755);
  const broken = createBubblewrapSandbox({ path: [folder] });
  await expect(broken.run({ argv: ['true'] }, nowhere)).rejects.toMatchObject({
    code: 'sandbox-unavailable',
  });
});

test('a sandbox installed later is found', async () => {
  const late = createBubblewrapSandbox({ path: [folder] });
  await expect(late.check()).rejects.toMatchObject({ code: 'sandbox-unavailable' });
  writeFileSync(join(folder, 'bwrap'), '#!/bin/sh\nexec /usr/bin/bwrap "$@"');
  chmodSync(join(folder, 'bwrap'), 0o755);
  await late.check();
});

test('without the bridge a command that may reach the network does not run', async () => {
  writeFileSync(join(folder, 'bwrap'), '#!/bin/sh\nexec /usr/bin/bwrap "$@"');
  chmodSync(join(folder, 'bwrap'), 0o755);
  const without = createBubblewrapSandbox({ path: [folder] });
  const attempt = without.run(
    { argv: ['true'] },
    { effect: 'sandbox', workspace: null, network: ['example.com'] },
  );
  await expect(attempt).rejects.toMatchObject({ code: 'sandbox-unavailable' });
});

function withFolder(name: string): string {
  mkdirSync(join(folder, name));
  return folder;
}
