import type { AuditHead } from '../domain/audit-head';
import { readExportLine } from './export-line';

/** Where all chains stood when an export was written: kept elsewhere, it shows what was rewritten since. */
export interface Witness {
  organization: string;
  head: AuditHead;
  runs: ReadonlyMap<string, AuditHead>;
}

/** Gathers a witness from an export, line after line. */
export class WitnessReader {
  private organization: string | null = null;
  private head: AuditHead | null = null;
  private readonly runs = new Map<string, AuditHead>();

  take(text: string | null): void {
    const line = text === null ? null : readExportLine(text);
    if (line?.type === 'header') this.organization = line.organization;
    if (line?.type === 'organization-head') this.head = { length: line.length, hash: line.hash };
    if (line?.type === 'run' && line.length > 0)
      this.runs.set(line.runId, { length: line.length, hash: line.hash });
  }

  /** Null where the text was no export. */
  end(): Witness | null {
    if (this.organization === null || this.head === null) return null;
    return { organization: this.organization, head: this.head, runs: this.runs };
  }
}
