import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { GatehouseError } from '../../domain/errors';
import { type CaseResult, type PolicyCase, parseCases, runCase } from '../case-file';
import type { FiledPolicy } from '../policy-folder';
import { readText } from '../read-text';

/** The table of cases beside a policy. */
export interface PolicyTests {
  file: string;
  cases: PolicyCase[];
}

const ENDING = '.test.yaml';

/** `policies/naming.md` → `policies/naming.test.yaml`. */
export function testFileOf({ file }: Pick<FiledPolicy, 'file'>): string {
  return `${file.replace(/\.md$/i, '')}${ENDING}`;
}

/** Reads the tests beside a policy; null when there is no such file. @throws GatehouseError `case-file-invalid` */
export function readTests(policy: Pick<FiledPolicy, 'file'>): PolicyTests | null {
  const text = testsBeside(policy);
  return text === undefined ? null : parseTests(text, testFileOf(policy));
}

/** A policy with the text of the tests beside it, as it is published. @throws GatehouseError `case-file-invalid` */
export function withTests(policy: FiledPolicy): FiledPolicy {
  return { ...policy, tests: testsBeside(policy) };
}

/** As {@link readTests}, of a text. `file` is shown in messages. @throws GatehouseError `case-file-invalid` */
export function parseTests(text: string, file: string): PolicyTests {
  const cases = parseCases(text, file);
  const unsaid = cases.find(
    ({ expect: { verdict, reason, reasons } }) => verdict !== 'allow' && !reason && !reasons,
  );
  if (unsaid)
    throw new GatehouseError(
      'case-file-invalid',
      `${file}:${unsaid.line}: the case \`${unsaid.name}\` expects a refusal and no \`reason\`: it would pass whatever refuses`,
    );
  return { file, cases };
}

/** Runs the tests of a policy on that policy alone, in their order. */
export async function runTests({ cases }: PolicyTests, policy: FiledPolicy): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for (const each of cases) results.push(await runCase(each, [policy]));
  return results;
}

/** Tests whose policy is not there. */
export function orphanedTests(folder: string, policies: readonly Pick<FiledPolicy, 'file'>[]): string[] {
  if (!statSync(folder).isDirectory()) return [];
  const known = new Set(policies.map(testFileOf));
  return readdirSync(folder)
    .filter((name) => name.endsWith(ENDING))
    .sort()
    .map((name) => path.join(folder, name))
    .filter((file) => !known.has(file));
}

function testsBeside(policy: Pick<FiledPolicy, 'file'>): string | undefined {
  const file = testFileOf(policy);
  if (!existsSync(file)) return undefined;
  return readText(file, { what: 'a table of cases', code: 'case-file-invalid' });
}
