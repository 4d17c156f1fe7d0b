import { fork } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

test('a process whose log has no room goes on, and logs what waited once there is some', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-log-'));
  const file = join(folder, 'log');
  // Every write to it ends as on a full disk.
  const full = openSync('/dev/full', 'w');
  const child = fork(join(__dirname, 'fixtures/logs-without-room.ts'), [file], {
    execArgv: ['-r', 'tsx/cjs'],
    stdio: ['ignore', full, full, 'ipc'],
  });
  const said: unknown[] = [];
  child.on('message', (message) => said.push(message));
  const exitCode = await new Promise((resolve) => child.once('close', resolve));
  expect([exitCode, said]).toEqual([0, ['went on']]);
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  const first = JSON.parse(lines[0]!);
  expect(first).toMatchObject({ name: 'worker', msg: 'no room', line: 0 });
  // The rest of what would have been five megabytes is lost, and no memory holds it.
  expect(lines.length).toBeGreaterThan(500);
  expect(lines.length).toBeLessThan(1_100);
  expect(lines.slice(-3).map((line) => JSON.parse(line).msg)).toEqual([
    expect.stringMatching(/^there was no room for \d{4} lines of this log: they are lost$/),
    'room again',
    'room again',
  ]);
  rmSync(folder, { recursive: true });
});
