#!/usr/bin/env node
// Runs the TypeScript sources as they are: no build step between `npm ci` and the first command.
require('./sources.js');
const { main } = require('../src/cli/main.ts');

// What was written may still be on its way to a slow reader, and `exit` would drop it.
const written = (stream) => new Promise((resolve) => stream.write('', resolve));

main(process.argv.slice(2)).then(async (code) => {
  await Promise.all([written(process.stdout), written(process.stderr)]);
  process.exit(code);
});
