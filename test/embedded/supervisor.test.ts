import { join } from 'node:path';
import { createProcessGroup, type ProcessDescription } from '../../src/embedded/process';
import { socketPath } from '../../src/embedded/socket-folder';
import { createSupervisor } from '../../src/embedded/supervisor';
import { waitUntil } from '../support/wait-until';
import { temporaryFolder } from './temporary-folder';

const folder = temporaryFolder();

function shell(name: string, script: string): ProcessDescription {
  return {
    name,
    command: '/bin/sh',
    args: ['-c', script],
    environment: { PATH: '/usr/bin:/bin' },
    readiness: { kind: 'line', line: 'is ready' },
  };
}

test('a process that dies again and again is started again, each time later, until it is stopped', async () => {
  const warnings: string[] = [];
  const supervisor = createSupervisor({
    processes: createProcessGroup({ folder }),
    warn: (line) => warnings.push(line),
    firstWaitMs: 20,
    longestWaitMs: 80,
  });
  await supervisor.start([shell('fragile', 'echo it is ready; sleep 0.1; exit 3')]);
  await waitUntil(() => warnings.filter((line) => line.includes('is back')).length >= 4, 'four restarts');
  await supervisor.stop();
  const waits = warnings.flatMap((line) => /starting it again in ([\d.]+) s/.exec(line)?.[1] ?? []);
  expect(waits.slice(0, 4)).toEqual(['0.02', '0.04', '0.08', '0.08']);
  expect(warnings[0]).toMatch(/^`fragile` ended with exit code 3, see `.*fragile\.log`; starting/);
});

test('a process that is never ready fails the start, and is not tried again', async () => {
  const warnings: string[] = [];
  const supervisor = createSupervisor({
    processes: createProcessGroup({ folder }),
    warn: (line) => warnings.push(line),
  });
  await expect(supervisor.start([shell('broken', 'echo no key; exit 1')])).rejects.toMatchObject({
    code: 'process-not-ready',
    message: expect.stringContaining('no key'),
  });
  await supervisor.stop();
  expect(warnings).toEqual([]);
});

test('a socket of a deep data folder goes into a short private folder, the same each time', async () => {
  const deep = join(folder, 'deep'.repeat(30));
  const path = await socketPath(deep, 'channel.sock', { XDG_RUNTIME_DIR: folder });
  expect(path.startsWith(join(folder, 'gatehouse-'))).toBe(true);
  expect(Buffer.byteLength(path)).toBeLessThan(100);
  expect(await socketPath(deep, 'channel.sock', { XDG_RUNTIME_DIR: folder })).toBe(path);
  expect(await socketPath(folder, 'channel.sock', {})).toBe(join(folder, 'run', 'channel.sock'));
});
