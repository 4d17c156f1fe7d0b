import { type ExportCounts, writeExport } from '../audit/write-export';
import type { PublicJwk } from '../broker/keys';
import type { CommandDependencies } from './dependencies';
import { requireRun } from './find-run';
import { fetchRunHistory } from './run-history';

export interface ExportRequest {
  runId?: string;
  /** Only runs that were written to at or after this; milliseconds since the epoch. */
  since?: number;
  /** Public halves of the keys that sign anchors. */
  keys: PublicJwk[];
  /** Whether Temporal's histories of runs that ended are compared as well. @default false */
  hasHistories?: boolean;
}

/**
 * Writes the organization's audit as it stands, line by line.
 *
 * @throws GatehouseError `run-unknown`, `database-unreachable`
 */
export const createExportAudit =
  (dependencies: Pick<CommandDependencies, 'organizationId' | 'auditReader' | 'runs' | 'temporal'>) =>
  async (
    { hasHistories = false, runId, ...request }: ExportRequest,
    write: (text: string) => Promise<void>,
  ): Promise<ExportCounts> => {
    const { organizationId, auditReader, temporal } = dependencies;
    if (runId !== undefined) await requireRun(dependencies, runId);
    return writeExport(
      {
        ...request,
        runId,
        organizationId,
        reader: auditReader,
        at: Date.now(),
        ...(hasHistories ? { historyOf: (run: string) => fetchRunHistory(temporal.client, run) } : {}),
      },
      write,
    );
  };
