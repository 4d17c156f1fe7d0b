/** Patterns of the shell stand for names: those that matter are recognised. */
import { analyseCommand } from '../../src/shell/analyse-command';

const analyse = (command: string) =>
  analyseCommand(command, {
    runId: 'r1',
    branch: 'gatehouse/r1',
    cwd: '.',
    settings: { protectedBranches: [], protectedPaths: [], protectedContexts: [], network: [] },
  } as unknown as Parameters<typeof analyseCommand>[1]);

test.each([
  ['cat /e?c/shadow', 'host-read'],
  ['cat /[e]tc/shadow', 'host-read'],
  ['cat /*/shadow', 'host-read'],
  ['cat .en?', 'secret'],
  ['rm -rf .gi*', 'catastrophic'],
  ['echo x > .gi?/config', 'catastrophic'],
])('%s is marked %s', (command, mark) => {
  expect(analyse(command).marks).toContain(mark);
});

test.each(['cat *.txt', 'ls *', 'cat .gitig*', 'ls src/*/index.ts'])('%s is an ordinary read', (command) => {
  expect(analyse(command)).toMatchObject({ effect: 'read', marks: [], findings: [] });
});
