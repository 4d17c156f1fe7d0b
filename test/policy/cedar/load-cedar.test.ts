import { spawnSync } from 'node:child_process';
import path from 'node:path';

test('Node survives losing optimised code inside a call into Cedar', () => {
  const { stdout, signal } = spawnSync(
    process.execPath,
    ['--allow-natives-syntax', '--import', 'tsx', path.join(__dirname, 'deoptimize.ts')],
    { encoding: 'utf8', timeout: 60_000 },
  );
  expect({ stdout: stdout.trim().split('\n').at(-1), signal }).toEqual({ stdout: 'success', signal: null });
}, 90_000);
