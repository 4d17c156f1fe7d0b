import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostEnvironment } from '../../src/config';
import { createPorts } from '../../src/embedded/ports';
import { startPostgres } from '../../src/embedded/postgres';
import { createProcessGroup } from '../../src/embedded/process';

/** Measures on a PostgreSQL of its own, which ends with it. */
export async function onOwnPostgres<Result>(
  measure: (databaseUrl: string) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-postgres-'));
  const processes = createProcessGroup({ folder });
  try {
    const { databaseUrl } = await startPostgres({
      dataDir: folder,
      processes,
      ports: createPorts({ dataDir: folder }),
      environment: hostEnvironment(),
      progress: () => undefined,
    });
    return await measure(databaseUrl);
  } finally {
    await processes.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
