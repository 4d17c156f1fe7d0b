import { z } from 'zod';
import { canonicalJson } from '../domain/canonical-json';
import { runStatuses } from '../domain/run';
import { historyDigest } from './history-digest';

/**
 * The lines of an export, each RFC 8785 JSON, in this order: `header`; `organization-record` each, `organization-head`;
 * for each run `run`, `record` each and perhaps `history`; `end`.
 */
const link = {
  sequence: z.int(),
  kind: z.string(),
  /** As it is kept, so that a changed one is shown as it is. */
  body: z.string(),
  at: z.int(),
  previousHash: z.string(),
  hash: z.string(),
};
const head = { length: z.int(), hash: z.string() };

const exportLine = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('header'),
    format: z.literal('gatehouse-audit'),
    version: z.literal(1),
    organization: z.string(),
    exportedAt: z.int(),
    /** Null for all runs. */
    run: z.string().nullable(),
    since: z.int().nullable(),
    /** Public halves of the keys that sign anchors. */
    keys: z.array(z.strictObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string() })),
  }),
  z.strictObject({ type: z.literal('organization-record'), ...link }),
  z.strictObject({ type: z.literal('organization-head'), ...head }),
  z.strictObject({
    type: z.literal('run'),
    runId: z.string(),
    agent: z.string(),
    requestedBy: z.string(),
    status: z.enum(runStatuses),
    createdAt: z.int(),
    endedAt: z.int().nullable(),
    /** Where its chain ends. */
    ...head,
  }),
  z.strictObject({ type: z.literal('record'), runId: z.string(), ...link }),
  historyDigest.extend({ type: z.literal('history') }),
  z.strictObject({
    type: z.literal('end'),
    runs: z.int(),
    records: z.int(),
    organizationRecords: z.int(),
    /** Hex sha-256 of all lines before, their line ends included. */
    digest: z.string(),
  }),
]);

export type ExportLine = z.infer<typeof exportLine>;
export type LineOf<Type extends ExportLine['type']> = Extract<ExportLine, { type: Type }>;

export function exportLineText(line: ExportLine): string {
  return canonicalJson(line);
}

/** The line, or null where the text is not exactly the one spelling of one. */
export function readExportLine(text: string): ExportLine | null {
  try {
    const parsed = exportLine.safeParse(JSON.parse(text));
    return parsed.success && canonicalJson(parsed.data) === text ? parsed.data : null;
  } catch {
    return null;
  }
}
