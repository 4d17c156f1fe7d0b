import type { AuditHead } from '../domain/audit-head';
import type { StoredLink } from '../store/audit-chain';
import { ChainCheck } from '../store/audit-chain';
import type { AnchoredAt } from './anchored-heads';
import { compareHistory, type RecordedDecision, recordedDecision } from './compare-history';
import type { HistoryDigest } from './history-digest';

export interface FoundProblem {
  /** Null where it is about the whole. */
  sequence: number | null;
  problem: string;
}

/** One run of an export: its chain, where that was anchored, and its history. */
export class RunCheck {
  private readonly chain: ChainCheck;
  private readonly decisions: RecordedDecision[] = [];

  constructor(
    readonly runId: string,
    private readonly head: AuditHead,
    private readonly anchored: ReadonlyMap<number, AnchoredAt>,
  ) {
    this.chain = new ChainCheck(runId);
  }

  take(record: StoredLink): FoundProblem[] {
    const taken = this.chain.take(record);
    const problems: FoundProblem[] = [];
    if ('problem' in taken) problems.push(taken);
    else {
      const decision = recordedDecision(record.kind, taken.body);
      if (decision) this.decisions.push(decision);
    }
    const anchor = this.anchored.get(record.sequence);
    if (anchor && anchor.hash !== record.hash)
      problems.push({
        sequence: record.sequence,
        problem: `it is not the record that ${anchor.source} names`,
      });
    return problems;
  }

  compare(history: HistoryDigest): FoundProblem[] {
    return compareHistory(this.decisions, history).map((problem) => ({ sequence: null, problem }));
  }

  end(): FoundProblem[] {
    const problems: FoundProblem[] = [];
    const cut = this.chain.end(this.head);
    if (cut) problems.push(cut);
    const { length } = this.chain.head;
    for (const [anchoredLength, { source }] of this.anchored)
      if (anchoredLength > length)
        problems.push({
          sequence: length + 1,
          problem: `the record is missing: ${source} names ${anchoredLength} records`,
        });
    return problems;
  }
}
