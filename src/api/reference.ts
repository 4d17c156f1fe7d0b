import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Api } from './environment';

const FOLDER = path.dirname(require.resolve('swagger-ui-dist/package.json'));

/** Of the package itself: nothing comes from anywhere else. */
const FILES: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

// The page styles itself by attributes and inlines small pictures; scripts come from files only.
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Gatehouse HTTP API</title>
<link rel="icon" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="reference"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#reference', deepLinking: true, persistAuthorization: false });
`;

/** `/openapi.json`, and `/docs` to browse it. */
export function addReference(api: Api, document: object): void {
  const text = JSON.stringify(document);
  api.get('/openapi.json', (c) => c.body(text, 200, { 'Content-Type': 'application/json; charset=utf-8' }));

  api.get('/docs', (c) => {
    c.header('Content-Security-Policy', CONTENT_SECURITY_POLICY);
    return c.html(PAGE);
  });

  api.get('/docs/start.js', (c) => c.body(START, 200, { 'Content-Type': 'text/javascript; charset=utf-8' }));

  for (const [file, type] of Object.entries(FILES))
    api.get(`/docs/${file}`, async (c) => {
      c.header('Cache-Control', 'private, max-age=3600');
      return c.body(new Uint8Array(await readFile(path.join(FOLDER, file))), 200, { 'Content-Type': type });
    });
}
