import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { GatehouseError } from '../../domain/errors';
import { type CaseResult, type PolicyCase, readCases, runCase } from '../case-file';
import type { FiledPolicy } from '../policy-folder';

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

/** Reads the tests of a policy; null when there is no such file. @throws GatehouseError `case-file-invalid` */
export function readTests(policy: Pick<FiledPolicy, 'file'>): PolicyTests | null {
  const file = testFileOf(policy);
  if (!existsSync(file)) return null;
  const cases = readCases(file);
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
