import { createHash, type KeyObject } from 'node:crypto';
import { publicKeyOf } from '../broker/keys';
import type { AuditHead } from '../domain/audit-head';
import { GatehouseError } from '../domain/errors';
import { ChainCheck } from '../store/audit-chain';
import { organizationChain } from '../store/organization-audit';
import { AnchoredHeads } from './anchored-heads';
import { type ExportLine, type LineOf, readExportLine } from './export-line';
import { type FoundProblem, RunCheck } from './run-check';
import type { Witness } from './witness';

export interface AuditProblem extends FoundProblem {
  /** Null for the organization's own chain, and for the export itself. */
  run: string | null;
}

export interface AuditVerdict {
  ok: boolean;
  /** The first hundred. */
  problems: AuditProblem[];
  /** Of those that were found. */
  problemCount: number;
  organization: string | null;
  runs: number;
  records: number;
  organizationRecords: number;
  anchors: number;
  /** Runs whose Temporal history was compared, and runs whose history is gone. */
  histories: { compared: number; gone: number };
  /** Where the organization's chain ends: what an earlier or later export can be compared with. */
  head: AuditHead;
}

const MAX_PROBLEMS = 100;
const EARLIER = 'the earlier export';
const IS_DAMAGED = 'the export was changed after it was written';

/**
 * Verifies an export line after line, without any server. Memory grows with the number of anchors, and with the records
 * of one run.
 */
export class AuditVerifier {
  private readonly digest = createHash('sha256');
  private readonly problems: AuditProblem[] = [];
  private problemCount = 0;
  private line = 0;
  private header: LineOf<'header'> | null = null;
  private organization = new ChainCheck('');
  private isOrganizationEnded = false;
  private anchored = new AnchoredHeads('', []);
  private run: RunCheck | null = null;
  private lastRunId = '';
  private isEnded = false;
  private readonly counts = { runs: 0, records: 0, organizationRecords: 0 };
  private readonly histories = { compared: 0, gone: 0 };

  /**
   * @param keys public keys whose anchors count; those that the export names if null
   * @param witness what an earlier export held, and this one must hold as well
   */
  constructor(
    private readonly keys: readonly KeyObject[] | null,
    private readonly witness: Witness | null = null,
  ) {}

  /** @param text without its line end; null for one that is longer than any can be */
  take(text: string | null): void {
    this.line++;
    const line = text === null ? null : readExportLine(text);
    // The end's own line is what holds the digest of those before it.
    if (line?.type !== 'end') this.digest.update(`${text ?? ''}\n`);
    if (this.isEnded) this.found(null, null, `line ${this.line} stands after the end of the export`);
    else if (!line) this.found(null, null, `line ${this.line} cannot be read`);
    else if (!this.header && line.type !== 'header')
      this.found(null, null, `line ${this.line} stands before the header`);
    else this.dispatch(line);
  }

  /** @param endsWithNewline whether the last line was whole */
  end(endsWithNewline = true): AuditVerdict {
    this.endRun();
    if (!this.isEnded) this.found(null, null, 'the export is cut short: its end is missing');
    else if (!endsWithNewline) this.found(null, null, 'the export is cut short: its last line has no end');
    if (this.header && !this.isOrganizationEnded)
      this.found(null, this.organization.head.length + 1, "the end of the organization's chain is missing");
    if (this.header) this.requireAnchoredRuns(this.header);
    return {
      ok: this.problemCount === 0,
      problems: this.problems,
      problemCount: this.problemCount,
      organization: this.header?.organization ?? null,
      ...this.counts,
      anchors: this.anchored.anchors,
      histories: this.histories,
      head: this.organization.head,
    };
  }

  private dispatch(line: ExportLine): void {
    switch (line.type) {
      case 'header':
        this.takeHeader(line);
        break;
      case 'organization-record':
        this.takeOrganizationRecord(line);
        break;
      case 'organization-head': {
        if (this.isOrganizationEnded) this.outOfPlace();
        this.isOrganizationEnded = true;
        const cut = this.organization.end(line);
        if (cut) this.found(null, cut.sequence, cut.problem);
        const { length } = this.organization.head;
        if (this.witness && this.witness.head.length > length)
          this.found(
            null,
            length + 1,
            `the record is missing: ${EARLIER} names ${this.witness.head.length} records`,
          );
        break;
      }
      case 'run':
        this.takeRun(line);
        break;
      case 'record': {
        this.counts.records++;
        const problems = this.runOf(line.runId)?.take(line) ?? [];
        for (const { sequence, problem } of problems) this.found(line.runId, sequence, problem);
        break;
      }
      case 'history': {
        this.histories[line.events === null ? 'gone' : 'compared']++;
        const problems = this.runOf(line.runId)?.compare(line) ?? [];
        for (const { sequence, problem } of problems) this.found(line.runId, sequence, problem);
        break;
      }
      case 'end':
        this.takeEnd(line);
        break;
      default:
        line satisfies never;
    }
  }

  private takeOrganizationRecord(record: LineOf<'organization-record'>): void {
    this.counts.organizationRecords++;
    if (this.isOrganizationEnded) this.outOfPlace();
    const taken = this.organization.take(record);
    if ('problem' in taken) this.found(null, taken.sequence, taken.problem);
    const { length, hash } = this.witness?.head ?? { length: 0, hash: '' };
    if (record.sequence === length && record.hash !== hash)
      this.found(null, length, `it is not the record that ${EARLIER} names`);
    const problem = 'problem' in taken ? null : this.anchored.take(record, taken.body);
    if (problem) this.found(null, record.sequence, problem);
  }

  private takeRun(run: LineOf<'run'>): void {
    this.endRun();
    this.counts.runs++;
    if (!this.isOrganizationEnded || run.runId <= this.lastRunId) this.outOfPlace();
    this.lastRunId = run.runId;
    this.run = new RunCheck(run.runId, run, this.anchored.ofRun(run.runId));
  }

  private takeEnd({ runs, records, organizationRecords, digest }: LineOf<'end'>): void {
    this.endRun();
    this.isEnded = true;
    const { counts } = this;
    if (
      runs !== counts.runs ||
      records !== counts.records ||
      organizationRecords !== counts.organizationRecords
    )
      this.found(
        null,
        null,
        `the export names ${runs} runs, ${records} of their records and ${organizationRecords} of the organization, and holds ${counts.runs}, ${counts.records} and ${counts.organizationRecords}`,
      );
    if (digest !== this.digest.copy().digest('hex')) this.found(null, null, IS_DAMAGED);
  }

  private takeHeader(header: LineOf<'header'>): void {
    if (this.line > 1) this.outOfPlace();
    if (this.header) return;
    this.header = header;
    const { organization, keys } = header;
    this.organization = new ChainCheck(organizationChain(organization));
    this.anchored = new AnchoredHeads(organization, this.keys ?? keys.flatMap((key) => this.keyOf(key)));
    if (!this.witness) return;
    if (this.witness.organization !== organization)
      this.found(null, null, `the earlier export is of organization \`${this.witness.organization}\``);
    for (const [runId, { length, hash }] of this.witness.runs)
      this.anchored.add(runId, length, { hash, source: EARLIER });
  }

  private keyOf(jwk: unknown): KeyObject[] {
    try {
      return [publicKeyOf(jwk)];
    } catch (error) {
      if (!(error instanceof GatehouseError)) throw error;
      this.found(null, null, 'the header names a key that is none');
      return [];
    }
  }

  /** The run whose lines these are. */
  private runOf(runId: string): RunCheck | null {
    if (this.run?.runId === runId) return this.run;
    this.found(runId, null, `line ${this.line} stands among the records of another run`);
    return null;
  }

  private endRun(): void {
    if (!this.run) return;
    for (const { sequence, problem } of this.run.end()) this.found(this.run.runId, sequence, problem);
    this.run = null;
  }

  /** Whoever was anchored must be there, where nothing was left out on purpose. */
  private requireAnchoredRuns({ run, since }: LineOf<'header'>): void {
    for (const { runId, length, source } of this.anchored.missing()) {
      const isWanted = run === null ? since === null : run === runId;
      if (isWanted) this.found(runId, null, `the run is missing: ${source} names ${length} of its records`);
    }
  }

  private outOfPlace(): void {
    this.found(null, null, `line ${this.line} stands out of its place`);
  }

  private found(run: string | null, sequence: number | null, problem: string): void {
    this.problemCount++;
    if (this.problems.length < MAX_PROBLEMS) this.problems.push({ run, sequence, problem });
  }
}
