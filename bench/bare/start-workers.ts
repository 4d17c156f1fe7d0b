import { join } from 'node:path';
import { hostEnvironment } from '../../src/config';
import type { GatehouseAddresses } from '../../src/embedded/gatehouse';
import type { ProcessGroup } from '../../src/embedded/process';

/** The bare loop's three processes, laid out as our own are. */
export async function startBareWorkers(
  group: ProcessGroup,
  { temporal, databaseUrl }: Pick<GatehouseAddresses, 'temporal' | 'databaseUrl'>,
): Promise<void> {
  for (const role of ['workflow', 'model', 'tool'])
    await group.start({
      name: `bare-${role}`,
      command: process.execPath,
      args: [
        '--require',
        require.resolve('tsx/cjs'),
        join(__dirname, 'worker.ts'),
        role,
        temporal,
        databaseUrl,
      ],
      environment: { PATH: hostEnvironment().PATH ?? '' },
      readiness: { kind: 'line', line: 'bare worker is ready' },
    });
}
