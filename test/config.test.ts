import { cliConfig, runnerConfig, sandboxConfig } from '../src/config';

const refusal = (read: () => unknown): string => {
  try {
    read();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('it was taken');
};

test('what a process must not have, and what it lacks, is named, its value never', () => {
  const message = refusal(() =>
    runnerConfig({ DATABASE_URL: 'postgres://u:hidden@h/d', GATEHOUSE_LOG: 'loud' }),
  );
  expect(message).toContain('`DATABASE_URL` must not be set');
  expect(message).toContain('`TEMPORAL_ADDRESS` is not set');
  expect(message).toContain('`GATEHOUSE_LOG` must be one of `debug`, `info`, `warn`, `error`, `silent`');
  expect(message).not.toMatch(/hidden|loud/);
});

test.each([
  [{ GATEHOUSE_WAIT_FOR_PEOPLE_MS: 'soon' }, '`GATEHOUSE_WAIT_FOR_PEOPLE_MS` must be a number'],
  [{ GATEHOUSE_WAIT_FOR_PEOPLE_MS: '-5' }, '`GATEHOUSE_WAIT_FOR_PEOPLE_MS` must be more than 0'],
  [{ GATEHOUSE_WAIT_FOR_PEOPLE_MS: '1.5' }, '`GATEHOUSE_WAIT_FOR_PEOPLE_MS` must be a whole number'],
  [{ GATEHOUSE_SANDBOX_MEMORY_MIB: '-4' }, '`GATEHOUSE_SANDBOX_MEMORY_MIB` must be at least 64'],
  [{ GATEHOUSE_SANDBOX_PROCESSES: '' }, '`GATEHOUSE_SANDBOX_PROCESSES` is empty'],
  [
    { GATEHOUSE_PUBLIC_URL: 'gatehouse.example' },
    '`GATEHOUSE_PUBLIC_URL` must be an `http` or `https` address',
  ],
])('%j is refused before `up` starts a server for it', (env, problem) => {
  expect(refusal(() => cliConfig(env))).toBe(`the environment is not as needed: ${problem}`);
});

test('what `up` hands on is handed on as it was given', () => {
  const given = { GATEHOUSE_WAIT_FOR_PEOPLE_MS: '60000', GATEHOUSE_SANDBOX_MEMORY_MIB: '512' };
  expect(cliConfig(given)).toMatchObject(given);
});

test('a sandbox has limits of its own where none are set', () => {
  const needed = {
    TEMPORAL_ADDRESS: 'a:1',
    GATEHOUSE_ARTIFACTS: '/a',
    GATEHOUSE_HOST: 'h',
    GATEHOUSE_SANDBOX_KEY: '/k',
    GATEHOUSE_RUNNER_PUBLIC_KEY: '/r',
    GATEHOUSE_WORKSPACES: '/w',
    GATEHOUSE_FORGE: '/f',
  };
  expect(sandboxConfig(needed)).toMatchObject({
    GATEHOUSE_SANDBOX_MEMORY_MIB: 4_096,
    GATEHOUSE_SANDBOX_PROCESSES: 512,
    GATEHOUSE_SANDBOX_FILE_MIB: 1_024,
  });
});
