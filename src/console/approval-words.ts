import { isTopUp } from '../domain/top-up';

/** How an approval is spoken of: one of a call, or one of more budget. */
export interface ApprovalWords {
  /** Before the tool's name. */
  title: string;
  /** Heading of what it is about. */
  content: string;
  /** Who wrote the arguments. */
  arguments: string;
  approve: string;
  edit: string;
  edited: string;
  confirm: string;
}

const OF_CALL: ApprovalWords = {
  title: 'Approval of',
  content: 'Exactly what will run',
  arguments: 'What would run · written by the model',
  approve: 'Approve',
  edit: 'Approve with other arguments',
  edited: 'Edited arguments are gated again, and earlier votes no longer count.',
  confirm: 'Approve with these arguments',
};

const OF_TOP_UP: ApprovalWords = {
  title: 'More budget:',
  content: 'What would be added to the run’s limits',
  arguments: 'Amounts · proposed by Gatehouse',
  approve: 'Approve',
  edit: 'Approve other amounts',
  edited: 'These amounts are added instead.',
  confirm: 'Approve these amounts',
};

export function wordsOf(approval: { callId: string }): ApprovalWords {
  return isTopUp(approval) ? OF_TOP_UP : OF_CALL;
}
