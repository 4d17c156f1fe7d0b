import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findControlGroups } from '../../src/sandbox/control-group';
import { findControlGroupPlace } from '../../src/sandbox/control-group-place';
import { DEFAULT_LIMITS } from '../../src/sandbox/limits';
import { waitUntil } from '../support/wait-until';

const place = findControlGroupPlace();
// On version 1 as root, on version 2 as root and as a service with a group of its own.
const withGroups = place.kind === 'none' ? test.skip : test;

withGroups(
  'the next worker ends what a killed one left running in a group, and removes its groups',
  async () => {
    const { worker, printed } = killed('orphaning-worker.ts');
    const orphan = `/proc/${printed}`;
    expect(existsSync(orphan)).toBe(true);
    expect(groupsOf(worker)).not.toEqual([]);
    findControlGroups(DEFAULT_LIMITS);
    await waitUntil(() => !isAlive(orphan) && groupsOf(worker).length === 0, 'it is gone with its groups');
  },
);

withGroups('the next worker removes the groups of sandboxes that were waiting', async () => {
  const workspace = mkdtempSync(join(tmpdir(), 'groups-'));
  const { worker } = killed('killed-worker.ts', 'waiting', workspace);
  rmSync(workspace, { recursive: true });
  findControlGroups(DEFAULT_LIMITS);
  await waitUntil(() => groupsOf(worker).length === 0, 'its groups are gone');
});

withGroups('a living worker keeps the group of a command until it removes it', async () => {
  const group = findControlGroups(DEFAULT_LIMITS)?.();
  const [program = '', ...args] = [...(group?.prefix ?? []), 'cat', '/proc/self/cgroup'];
  const { stdout } = spawnSync(program, args, { encoding: 'utf8' });
  const name = new RegExp(`/gatehouse/(${process.pid}-[0-9a-f-]+)$`, 'm').exec(stdout)?.[1];
  findControlGroups(DEFAULT_LIMITS);
  expect(groupsOf(process.pid)).toContain(name);
  group?.remove();
  await waitUntil(() => !groupsOf(process.pid).includes(name ?? ''), 'it is gone');
});

test('where there are no groups none is made', () => {
  expect(findControlGroups(DEFAULT_LIMITS, { place: { kind: 'none', version: 2 } })).toBeNull();
});

function killed(file: string, ...args: string[]): { worker: number; printed: string } {
  const { pid, signal, stdout } = spawnSync(
    process.execPath,
    ['--require', require.resolve('tsx/cjs'), join(__dirname, 'support', file), ...args],
    { encoding: 'utf8' },
  );
  expect(signal).toBe('SIGKILL');
  return { worker: pid, printed: stdout };
}

function groupsOf(worker: number): string[] {
  return parents().flatMap((parent) => readdirSync(parent).filter((name) => name.startsWith(`${worker}-`)));
}

function parents(): string[] {
  switch (place.kind) {
    case 'none':
      return [];
    case 'version-1':
      return Object.values(place.folders).map((folder) => join(folder, 'gatehouse'));
    case 'version-2':
    case 'delegated':
      return [join(place.folder, 'gatehouse')];
  }
}

/** One that nobody has waited for yet is dead too. */
function isAlive(folder: string): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(join(folder, 'status'), 'utf8'));
  } catch {
    return false;
  }
}
