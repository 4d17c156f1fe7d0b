import { createHash } from 'node:crypto';
import type { PublicJwk } from '../broker/keys';
import type { AuditReader, AuditScope } from '../store/audit-reader';
import { type ExportLine, exportLineText } from './export-line';
import { digestOf, type RunHistory } from './history-digest';

export interface ExportOptions extends AuditScope {
  reader: AuditReader;
  /** Of the keys that sign anchors. */
  keys: PublicJwk[];
  /** Milliseconds since the epoch. */
  at: number;
  /** Gives a run's Temporal history, or null where it is gone; without it the export holds none. */
  historyOf?: (runId: string) => Promise<RunHistory | null>;
}

export interface ExportCounts {
  runs: number;
  records: number;
  organizationRecords: number;
}

/**
 * Writes the audit of an organization, line by line, as it stood at one moment.
 *
 * @param write takes lines with their line ends; the next page is read when it took them
 * @throws GatehouseError `organization-unknown`
 */
export function writeExport(
  { reader, keys, at, historyOf, ...scope }: ExportOptions,
  write: (text: string) => Promise<void>,
): Promise<ExportCounts> {
  const digest = createHash('sha256');
  const counts: ExportCounts = { runs: 0, records: 0, organizationRecords: 0 };
  const put = async (line: ExportLine) => {
    const text = `${exportLineText(line)}\n`;
    digest.update(text);
    await write(text);
  };
  return reader.read(scope, async (snapshot) => {
    const head = await snapshot.organizationHead();
    await put({
      type: 'header',
      format: 'gatehouse-audit',
      version: 1,
      organization: scope.organizationId,
      exportedAt: at,
      run: scope.runId ?? null,
      since: scope.since ?? null,
      keys,
    });
    for await (const record of snapshot.organizationRecords()) {
      counts.organizationRecords++;
      await put({ type: 'organization-record', ...record });
    }
    await put({ type: 'organization-head', ...head });
    for await (const run of snapshot.runs()) {
      counts.runs++;
      await put({ type: 'run', ...run });
      for await (const record of snapshot.records(run.runId)) {
        counts.records++;
        await put({ type: 'record', runId: run.runId, ...record });
      }
      if (historyOf && run.endedAt !== null)
        await put({ type: 'history', ...digestOf(run.runId, await historyOf(run.runId)) });
    }
    await put({ type: 'end', ...counts, digest: digest.copy().digest('hex') });
    return counts;
  });
}
