import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { GatehouseError } from '../domain/errors';
import type { CliContext, ExitCode } from './context';
import { starterFiles } from './starter-files';

/** `gatehouse init`: a small agent with its model and a policy in the current folder; overwrites nothing. */
export async function init({ terminal }: CliContext, folder: string): Promise<ExitCode> {
  const files = Object.keys(starterFiles);
  const taken = files.filter((file) => existsSync(join(folder, file)));
  if (taken.length > 0)
    throw new GatehouseError(
      'files-exist',
      `${taken.map((file) => `\`${file}\``).join(', ')} ${taken.length === 1 ? 'is' : 'are'} there already; move ${taken.length === 1 ? 'it' : 'them'} away or use another folder`,
    );
  for (const [file, content] of Object.entries(starterFiles)) {
    const path = join(folder, file);
    await mkdir(dirname(path), { recursive: true });
    // Another process may have made it since we looked.
    await writeFile(path, content, { flag: 'wx' });
    if (!terminal.isJson) terminal.print(path);
  }
  if (terminal.isJson) terminal.printJson({ files });
  terminal.note(
    'next: `gatehouse up`, then `gatehouse run agents/my-agent.yaml --prompt "What is in here?" --repo . --watch`',
  );
  return 0;
}
