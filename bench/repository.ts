import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';

/** A small git repository for benchmarks. @returns its folder */
export function makeRepository(folder: string): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/README.md`, `${'A line of the file that is read.\n'.repeat(30)}`);
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=bench', '-c', 'user.email=bench@example.invalid', ...args], {
      cwd: folder,
    });
  git('init', '--quiet', '--initial-branch=main');
  git('add', '--all');
  git('commit', '--quiet', '--message=first');
  return folder;
}
