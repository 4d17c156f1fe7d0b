import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describeControlGroupPlace, findControlGroupPlace } from '../../src/sandbox/control-group-place';

// What hosts look like. The groups themselves are made in control-group.test.ts, with those that this machine has.
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'control-groups-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const IN_A_SERVICE = '0::/system.slice/gatehouse-sandbox.service\n';
const IN_A_SESSION = '0::/user.slice/user-1000.slice/session-4.scope\n';

function placeOf(files: Record<string, string>, own: string, isRoot: boolean) {
  for (const [name, content] of Object.entries({ ...files, 'own-groups': own })) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  return findControlGroupPlace({ root, own: join(root, 'own-groups'), isRoot });
}

function group(path: string, available = 'cpu memory pids'): Record<string, string> {
  return Object.fromEntries(
    Object.entries({
      'cgroup.controllers': available,
      'cgroup.procs': '',
      'cgroup.subtree_control': '',
      'cgroup.type': 'domain',
    }).map(([file, content]) => [join(path, file), `${content}\n`]),
  );
}

const { 'cgroup.type': _type, ...rootGroup } = group('.');

test('a service that was given its group uses it, also when it was started in a group below', () => {
  const files = { ...rootGroup, ...group('system.slice/gatehouse-sandbox.service') };
  const folder = join(root, 'system.slice/gatehouse-sandbox.service');
  expect(placeOf(files, IN_A_SERVICE, false)).toEqual({ kind: 'delegated', folder });
  expect(placeOf(files, `${IN_A_SERVICE.trim()}/main\n`, false)).toEqual({ kind: 'delegated', folder });
});

test.each([
  ['the session of a person', IN_A_SESSION],
  ['a group above what is seen', '0::/../other.service\n'],
  ['no group of version 2', '4:memory:/a.service\n'],
])('%s is nobody’s to divide', (_, own) => {
  const files = {
    ...rootGroup,
    ...group('user.slice/user-1000.slice/session-4.scope'),
    ...group('other.service'),
  };
  expect(placeOf(files, own, false)).toEqual({ kind: 'none', version: 2 });
});

test('a service with neither of the controllers gets no groups', () => {
  const files = { ...rootGroup, ...group('system.slice/gatehouse-sandbox.service', 'cpu io') };
  expect(placeOf(files, IN_A_SERVICE, false)).toEqual({ kind: 'none', version: 2 });
});

test('root makes groups at the top of the hierarchy, and in a container, whose top holds processes, beside them', () => {
  expect(placeOf(rootGroup, IN_A_SESSION, true)).toEqual({ kind: 'version-2', folder: root });
  expect(placeOf(group('.'), '0::/\n', true)).toEqual({ kind: 'delegated', folder: root });
});

test('version 1 is root’s, and a machine without groups has none', () => {
  expect(placeOf({}, '', true)).toEqual({ kind: 'none', version: null });
  const files = { 'pids/tasks': '', 'memory/tasks': '' };
  expect(placeOf(files, '', false)).toEqual({ kind: 'none', version: 1 });
  expect(placeOf(files, '', true)).toMatchObject({ kind: 'version-1' });
});

test.each([
  [
    { kind: 'version-1', folders: { pids: '', memory: '' } },
    'version 1; all processes of a command are limited together',
  ],
  [
    { kind: 'delegated', folder: '/x.service' },
    'version 2 at /x.service; all processes of a command are limited together',
  ],
  [
    { kind: 'none', version: 2 },
    'version 2, not given to this user; each process of a command is limited by itself (rlimits)',
  ],
  [{ kind: 'none', version: null }, 'none here; each process of a command is limited by itself (rlimits)'],
] as const)('%j is told in one line', (place, line) => {
  expect(describeControlGroupPlace(place)).toBe(line);
});
