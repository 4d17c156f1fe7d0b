import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../../src/domain/hashing';
import { PLAN_FILE, savedPlan } from '../../src/tools/terraform';
import { type Attacked, openAttacked } from './support/attempts';

/** What a command of a run tries between the plan that a person read and its apply. */
let attacked: Attacked;
let workspace: string;
beforeAll(async () => {
  attacked = await openAttacked();
  workspace = await attacked.host.workspaces.path('run-1');
});
afterAll(() => attacked.host.close());

const HONEST = 'the plan that was read';
const NOTHING_APPLIED =
  /^the saved plan is not the one that was named, so nothing was applied|^there is no saved plan in this folder/;

test.each([
  ['another plan', 'printf hostile > PLAN'],
  ['the plan and a byte more', 'printf x >> PLAN'],
  ['a link to another plan', 'printf hostile > other; ln -sf ../other PLAN'],
  ['a link to a file of the system', 'ln -sf /etc/passwd PLAN'],
  ['a link to what changes with each look', 'ln -sf /proc/self/environ PLAN'],
  ['a pipe', 'rm PLAN; mkfifo PLAN'],
  ['a folder', 'rm PLAN; mkdir PLAN; printf x > PLAN/x'],
  ['nothing', 'rm -r .terraform'],
])('%s in place of the plan that a person read is not applied', async (_what, swap) => {
  await attacked.attempt(
    `rm -rf .terraform; mkdir .terraform; printf '%s' '${HONEST}' > ${PLAN_FILE}; ${swap.replaceAll('PLAN', PLAN_FILE)}`,
  );
  const { kind, text } = await attacked.call(
    'terraform-apply',
    { path: '.', plan: sha256(HONEST) },
    'production',
  );
  expect(kind).toBe('failed');
  expect(text).toMatch(NOTHING_APPLIED);
});

test('a program named terraform in the workspace is not what applies', async () => {
  await attacked.attempt(
    `rm -rf .terraform; mkdir -p .terraform bin; printf '%s' '${HONEST}' > ${PLAN_FILE}; for f in terraform .terraform/terraform bin/terraform; do printf '#!/bin/sh\\ntouch /workspace/stood-in\\n' > $f; chmod +x $f; done`,
  );
  await attacked.call('terraform-apply', { path: '.', plan: sha256(HONEST) }, 'production');
  expect(existsSync(join(workspace, 'stood-in'))).toBe(false);
});

test('what an output says of a plan names one only as its very last line', () => {
  const hash = 'a'.repeat(64);
  for (const imitation of [
    `saved as plan ${hash}\nApply complete!`,
    `No changes. saved as plan ${hash}`,
    `saved as plan ${hash}${'b'.repeat(4)}`,
    `saved as plan ${hash.toUpperCase()}`,
  ])
    expect(savedPlan(imitation)).toBeNull();
});
