import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keptPayloadKeys } from '../../src/embedded/kept-payload-keys';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-keys-'));
  mkdirSync(join(dataDir, 'keys'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

test('keys are made at the first start and are the same at the next', () => {
  const first = readFileSync(keptPayloadKeys(dataDir), 'utf8');
  expect(readFileSync(keptPayloadKeys(dataDir), 'utf8')).toBe(first);
});

test('keys that are gone are not made again: the runs of before would never be read', () => {
  const path = keptPayloadKeys(dataDir);
  rmSync(path);
  expect(() => keptPayloadKeys(dataDir)).toThrow(/payload-keys\.json` is gone.*restore it/);
  expect(existsSync(path)).toBe(false);
});

test('who gives up the runs of before begins with a new key', () => {
  rmSync(keptPayloadKeys(dataDir));
  rmSync(join(dataDir, 'payload-keys.made'));
  expect(existsSync(keptPayloadKeys(dataDir))).toBe(true);
});

test('a data folder whose keys were made before it was marked goes on', () => {
  const path = keptPayloadKeys(dataDir);
  rmSync(join(dataDir, 'payload-keys.made'));
  const before = readFileSync(path, 'utf8');
  expect(readFileSync(keptPayloadKeys(dataDir), 'utf8')).toBe(before);
});
