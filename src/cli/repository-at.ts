import { resolve } from 'node:path';

/** A repository as a person names it: a URL as it is, a path from the current folder. */
export function repositoryAt(repo: string): string {
  return /^[a-z]+:\/\//.test(repo) ? repo : resolve(repo);
}
