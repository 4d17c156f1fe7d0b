import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes shell scripts that stand in for programs into `folder`, to be put on a PATH. */
export function writePrograms(folder: string, scripts: Record<string, string>): string {
  mkdirSync(folder, { recursive: true });
  for (const [name, script] of Object.entries(scripts)) {
    const file = join(folder, name);
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
  }
  return folder;
}

/** Answers like a `temporal` whose development server has what we ask of it. */
export const capableTemporal = 'echo "server start-dev: --sqlite-pragma --dynamic-config-value"';
