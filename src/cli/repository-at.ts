import { resolve } from 'node:path';
import { BadInputError } from './bad-input';

/** A repository as a person names it: a URL as it is, a path from the current folder. @throws BadInputError */
export function repositoryAt(repo: string): string {
  // An unset variable of a script would otherwise hand over whatever folder it stands in.
  if (repo.trim() === '')
    throw new BadInputError('repository-unnamed', '`--repo` names nothing; leave it out to work without one');
  return /^[a-z]+:\/\//.test(repo) ? repo : resolve(repo);
}
