// Lets Node run the TypeScript sources as they are. tsx rewrites ES modules to CommonJS, where each of their constants is a
// getter; for the shell parser that is a good part of the time of judging a command, so that one Node loads itself.
const { sep } = require('node:path');

const PARSER = ['', 'node_modules', 'unbash', ''].join(sep);

const { extensions } = require;
const asItIs = extensions['.js'];
require('tsx/cjs');
const rewritten = extensions['.js'];
extensions['.js'] = (module, file) => (file.includes(PARSER) ? asItIs : rewritten)(module, file);
