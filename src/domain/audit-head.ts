/** Where a run's audit chain stands: how many records, and the hash of the last (empty for none). */
export interface AuditHead {
  length: number;
  hash: string;
}
