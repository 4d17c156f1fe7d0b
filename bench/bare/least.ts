import { Pool } from 'pg';
import { createBubblewrapSandbox } from '../../src/sandbox/bubblewrap';

/**
 * What no approval can save that is on disk before it counts, and whose tool runs in a sandbox: one commit, and one
 * command. Nothing is verified, weighed, judged, granted or noted.
 */
export function leastActivities(databaseUrl: string | undefined) {
  const pool = new Pool({ connectionString: databaseUrl, max: 1 });
  const sandbox = createBubblewrapSandbox();
  return {
    /** A commit that waits for the disk, as a row of a table would. */
    recorded: async (): Promise<void> => {
      await pool.query(`SELECT pg_logical_emit_message(true, 'bench', $1)`, ['x'.repeat(1_000)]);
    },
    /** When a command in the sandbox began, in milliseconds since the epoch. */
    sandboxedLine: async (): Promise<number> => {
      const { stdout } = await sandbox.run(
        { argv: ['bash', '-c', 'echo $EPOCHREALTIME'] },
        { effect: 'read', workspace: null },
      );
      return Number(stdout) * 1_000;
    },
  };
}
