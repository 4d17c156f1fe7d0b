import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GatehouseError } from '../domain/errors';
import type { StoredApproval } from '../store/approval-store';

/**
 * The arguments of an approval as a person leaves them in their editor.
 *
 * @param editor program and arguments, as `EDITOR` has them
 * @throws GatehouseError `editor-failed`, `arguments-malformed`, `arguments-unchanged`
 */
export function editedInEditor({ id, args }: StoredApproval, editor: string): unknown {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-edit-'));
  const file = join(folder, `${id}.json`);
  const shown = `${JSON.stringify(JSON.parse(args), null, 2)}\n`;
  try {
    writeFileSync(file, shown, { mode: 0o600 });
    const [program = 'vi', ...options] = editor.split(' ').filter(Boolean);
    const { status, error } = spawnSync(program, [...options, file], { stdio: 'inherit' });
    if (error || status !== 0)
      throw new GatehouseError('editor-failed', `the editor \`${program}\` failed; nothing was decided`, {
        cause: error,
      });
    const edited = readFileSync(file, 'utf8');
    if (edited === shown)
      throw new GatehouseError('arguments-unchanged', 'nothing was edited; nothing was decided');
    return JSON.parse(edited);
  } catch (cause) {
    if (cause instanceof GatehouseError) throw cause;
    throw new GatehouseError('arguments-malformed', 'what was edited is no JSON; nothing was decided', {
      cause,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
