import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { cacheFolder, findTemporalBinary } from '../../src/embedded/temporal-binary';
import { capableTemporal, writePrograms } from './fake-programs';
import { temporaryFolder } from './temporary-folder';

const root = temporaryFolder();
const system = '/usr/bin:/bin';
const nowhere = new URL('http://127.0.0.1:1/');
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A machine with the given programs on PATH, an empty cache, and nothing to download from unless said. */
function machine(onPath: Record<string, string> = {}, downloads = nowhere) {
  const home = mkdtempSync(join(root, 'home-'));
  const programs = writePrograms(join(home, 'bin'), onPath);
  const environment = { PATH: `${programs}:${system}`, HOME: home };
  const cache = cacheFolder(environment);
  const lines: string[] = [];
  const find = () =>
    findTemporalBinary({ environment, downloads, progress: (line) => lines.push(line), giveUpAfterMs: 500 });
  return { programs, cache, lines, find };
}

async function serve(listener: RequestListener): Promise<URL> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
}

function archiveOf(script: string): Buffer {
  const folder = writePrograms(mkdtempSync(join(root, 'archive-')), { temporal: script });
  return execFileSync('tar', ['-czf', '-', '-C', folder, 'temporal']);
}

const goThatBuilds = (script: string) => `
[ "$1" = install ] || exit 1
printf '#!/bin/sh\\n%s\\n' '${script}' > "$GOBIN/temporal" && chmod +x "$GOBIN/temporal"`;

test('the one on PATH comes before the cache', async () => {
  const { programs, cache, find } = machine({ temporal: capableTemporal });
  writePrograms(cache, { temporal: capableTemporal });
  expect(await find()).toEqual({ path: join(programs, 'temporal'), source: 'path' });
});

test('one on PATH that lacks what we need is passed over, and that is said', async () => {
  const { programs, cache, find, lines } = machine({ temporal: 'echo "unknown command server" >&2; exit 1' });
  writePrograms(cache, { temporal: capableTemporal });
  expect(await find()).toEqual({ path: join(cache, 'temporal'), source: 'cache' });
  expect(lines).toEqual([
    `\`${join(programs, 'temporal')}\` cannot run a development server, looking further`,
  ]);
});

test('the cache comes before a download', async () => {
  let requests = 0;
  const downloads = await serve((_request, response) => {
    requests += 1;
    response.end();
  });
  const { cache, find } = machine({}, downloads);
  writePrograms(cache, { temporal: capableTemporal });
  expect(await find()).toMatchObject({ source: 'cache' });
  expect(requests).toBe(0);
});

test('a download comes before Go and is kept in the cache', async () => {
  const asked: string[] = [];
  const archive = archiveOf(capableTemporal);
  const downloads = await serve((request, response) => {
    asked.push(request.url ?? '');
    response.end(archive);
  });
  const { cache, find } = machine({ go: goThatBuilds(capableTemporal) }, downloads);
  expect(await find()).toEqual({ path: join(cache, 'temporal'), source: 'download' });
  expect(asked).toEqual([
    expect.stringMatching(/^\/cli\/archive\/v1\.5\.1\?platform=\w+&arch=\w+&format=tar\.gz$/),
  ]);
  expect(await find()).toMatchObject({ source: 'cache' });
  expect(readdirSync(cache)).toEqual(['temporal']);
});

test.each<[string, RequestListener, string]>([
  ['is not there', (_request, response) => response.writeHead(404).end(), 'the download answered 404'],
  ['never answers', () => undefined, 'no download within 0.5 s'],
  [
    'only trickles',
    (_request, response) => {
      response.writeHead(200, { 'content-length': '100000000' }).write('slow');
    },
    'no download within 0.5 s',
  ],
  ['is no archive', (_request, response) => response.end('<html>'), 'the archive could not be unpacked'],
  [
    'does not run here',
    (_request, response) => response.end(archiveOf('exit 1')),
    'what came does not run here',
  ],
])('when a download %s, Go builds one', async (_how, listener, reason) => {
  const { cache, find, lines } = machine({ go: goThatBuilds(capableTemporal) }, await serve(listener));
  expect(await find()).toEqual({ path: join(cache, 'temporal'), source: 'go' });
  expect(lines).toEqual([
    'downloading the Temporal server',
    expect.stringContaining(reason),
    'building the Temporal server with Go, about three minutes the first time',
  ]);
});

test('a download that is slow to come but will be complete soon is waited for', async () => {
  const archive = archiveOf(capableTemporal);
  const downloads = await serve((_request, response) => {
    response.writeHead(200, { 'content-length': String(archive.length) });
    response.write(archive.subarray(0, archive.length / 2));
    setTimeout(() => response.end(archive.subarray(archive.length / 2)), 1_200);
  });
  const { find } = machine({}, downloads);
  expect(await find()).toMatchObject({ source: 'download' });
});

test('a damaged file in the cache is replaced', async () => {
  const { cache, find, lines } = machine({ go: goThatBuilds(capableTemporal) });
  writePrograms(cache, { temporal: '' });
  writeFileSync(join(cache, 'temporal'), Buffer.from('\x7fELF cut off'));
  expect(await find()).toMatchObject({ source: 'go' });
  expect(lines[0]).toBe(`\`${join(cache, 'temporal')}\` does not run, getting it anew`);
  expect(readFileSync(join(cache, 'temporal'), 'utf8')).toContain(capableTemporal);
});

test('an attempt that fails leaves nothing in the cache', async () => {
  const { cache, find } = machine({ go: 'echo half > "$GOBIN/temporal"; exit 1' });
  await expect(find()).rejects.toThrow();
  expect(readdirSync(cache)).toEqual([]);
});

test('when no way is left, one message names the ways out', async () => {
  const { find } = machine();
  await expect(find()).rejects.toMatchObject({
    code: 'temporal-unavailable',
    message:
      'no Temporal server could be had: install the `temporal` CLI (https://docs.temporal.io/cli), or install Go, or set `TEMPORAL_ADDRESS` to a server of your own',
    cause: expect.stringContaining('`go` is not on PATH'),
  });
});
