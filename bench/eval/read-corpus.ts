import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Reads one file of JSON lines of the data folder. A file that is not there has no rows, and so reaches no target. */
export type ReadCorpus = <Line>(file: string) => Line[];

export function corpusReader(folder: string, warn: (line: string) => void): ReadCorpus {
  return <Line>(file: string): Line[] => {
    const path = join(folder, file);
    if (!existsSync(path)) {
      warn(`there is no \`${file}\` in the data folder`);
      return [];
    }
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => JSON.parse(line) as Line);
  };
}
