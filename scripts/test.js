/**
 * What `npm test` runs: sees to it that the programs of a sandbox and a browser are there, then Jest with the arguments given.
 *
 * `--yes` (or `CI=true`) installs missing programs with apt when this is root.
 */
require('tsx/cjs');
const { spawn } = require('node:child_process');
const { createInterface } = require('node:readline/promises');
const { publicMessage } = require('../src/domain/errors.ts');
const { installDependencies } = require('../src/embedded/dependencies.ts');

async function main() {
  const jestArguments = process.argv.slice(2).filter((argument) => argument !== '--yes');
  const isConsented = process.argv.includes('--yes') || process.env.CI === 'true';
  const isTerminal = process.stdin.isTTY && process.stderr.isTTY;
  await installDependencies({
    environment: process.env,
    progress: (line) => console.error(line),
    consent: isConsented ? 'yes' : isTerminal ? 'ask' : 'no',
    confirm,
    purpose: 'tests',
  });
  process.exitCode = await runJest(jestArguments);
}

async function confirm(question) {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`${question} [y/N] `);
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}

/** Jest's exit code; its last line of output stays the last one, since nothing is printed here after it. */
function runJest(jestArguments) {
  return new Promise((resolve, reject) => {
    const jest = spawn(process.execPath, [require.resolve('jest/bin/jest'), ...jestArguments], {
      stdio: 'inherit',
    });
    // Jest stops its own servers on these; leaving before it would orphan them.
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => jest.kill(signal));
    jest.on('error', reject);
    jest.on('exit', (code) => resolve(code ?? 1));
  });
}

main().catch((error) => {
  console.error(publicMessage(error));
  if (!('code' in Object(error))) console.error(error);
  process.exitCode = 1;
});
