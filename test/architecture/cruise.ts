import { execFile } from 'node:child_process';
import path from 'node:path';

export const ROOT = path.resolve(__dirname, '../..');

export interface Violation {
  rule: string;
  from: string;
  to: string;
}

interface CruiseResult {
  summary: {
    totalCruised: number;
    violations: { rule: { name: string }; from: string; to: string }[];
  };
}

/** Runs dependency-cruiser with the project's rules over folders of a tree that has the project's shape. */
export async function cruise(
  tree: string,
  folders: readonly string[],
): Promise<{ files: number; violations: Violation[] }> {
  const text = await new Promise<string>((resolve, reject) =>
    execFile(
      process.execPath,
      [
        path.join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'),
        '--config',
        path.join(ROOT, '.dependency-cruiser.cjs'),
        '--output-type',
        'json',
        ...folders,
      ],
      { cwd: tree, maxBuffer: 100_000_000 },
      // Its exit code is the number of violations.
      (error, stdout, stderr) => (stdout === '' ? reject(error ?? new Error(stderr)) : resolve(stdout)),
    ),
  );
  const { summary } = JSON.parse(text) as CruiseResult;
  return {
    files: summary.totalCruised,
    violations: summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to })),
  };
}
