import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Hono } from 'hono';
import { sha256 } from '../domain/hashing';
import { BASE } from './paths';

interface Asset {
  type: string;
  content: Uint8Array<ArrayBuffer>;
  gzipped: Uint8Array<ArrayBuffer>;
}

const own = (name: string) => join(__dirname, 'assets', name);

const SOURCES = {
  'console.css': own('console.css'),
  'console.js': own('console.js'),
  'favicon.svg': own('favicon.svg'),
  'htmx.js': require.resolve('htmx.org/dist/htmx.min.js'),
  'sse.js': join(require.resolve('htmx-ext-sse/package.json'), '../dist/sse.min.js'),
} as const;

const TYPES: Record<string, string> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

const assets = new Map<string, Asset>();
const urls = new Map<string, string>();
for (const [name, file] of Object.entries(SOURCES)) {
  const content = Uint8Array.from(readFileSync(file));
  const [stem, ending = ''] = name.split('.');
  const hashed = `${stem}.${sha256(content).slice(0, 12)}.${ending}`;
  assets.set(hashed, {
    type: TYPES[ending] ?? 'application/octet-stream',
    content,
    gzipped: Uint8Array.from(gzipSync(content)),
  });
  urls.set(name, `${BASE}/assets/${hashed}`);
}

/** Where a file of ours or of htmx is served: its name holds its hash, so that it may be kept for good. */
export function assetUrl(name: keyof typeof SOURCES): string {
  return urls.get(name)!;
}

/** Serves stylesheet, scripts and icon. */
export function createAssets() {
  return new Hono().get('/:file', (c) => {
    const asset = assets.get(c.req.param('file'));
    if (!asset) return c.notFound();
    const isGzipped = /\bgzip\b/.test(c.req.header('accept-encoding') ?? '');
    return c.body(isGzipped ? asset.gzipped : asset.content, 200, {
      'content-type': asset.type,
      'cache-control': 'public, max-age=31536000, immutable',
      vary: 'accept-encoding',
      ...(isGzipped ? { 'content-encoding': 'gzip' } : {}),
    });
  });
}
