import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { createPorts } from '../../src/embedded/ports';
import { temporaryFolder } from './temporary-folder';

const root = temporaryFolder();
const newFolder = () => mkdtempSync(join(root, 'ports-'));

function occupy(port: number): Promise<Server> {
  const server = createServer();
  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(server)));
}

test('a port is the same at the next start, and another while somebody else has it', async () => {
  const dataDir = newFolder();
  const first = await createPorts({ dataDir }).choose('temporal');
  expect(await createPorts({ dataDir }).choose('temporal')).toBe(first);
  const somebody = await occupy(first);
  const second = await createPorts({ dataDir }).choose('temporal');
  expect(second).not.toBe(first);
  somebody.close();
  expect(await createPorts({ dataDir }).choose('temporal')).toBe(second);
});

test('two purposes never get one port', async () => {
  const ports = createPorts({ dataDir: newFolder() });
  const names = ['postgres', 'temporal', 'temporalUi', 'api', 'console'] as const;
  const chosen = [];
  for (const name of names) chosen.push(await ports.choose(name));
  expect(new Set(chosen).size).toBe(names.length);
});

test('a port that was asked for is taken or refused, never replaced', async () => {
  const ports = createPorts({ dataDir: newFolder() });
  const free = await ports.choose('api');
  expect(await ports.choose('api', free)).toBe(free);
  const somebody = await occupy(free);
  await expect(ports.choose('api', free)).rejects.toMatchObject({ code: 'port-in-use' });
  somebody.close();
});

test('a damaged list of ports is replaced', async () => {
  const dataDir = newFolder();
  writeFileSync(join(dataDir, 'ports.json'), '{"temporal": "no por');
  const port = await createPorts({ dataDir }).choose('temporal');
  expect(JSON.parse(readFileSync(join(dataDir, 'ports.json'), 'utf8'))).toEqual({ temporal: port });
});
