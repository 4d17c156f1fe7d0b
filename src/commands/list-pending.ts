import type { StoredApproval } from '../store/approval-store';
import type { StoredQuestion } from '../store/question-store';
import type { CommandDependencies } from './dependencies';

export interface PendingForPeople {
  approvals: StoredApproval[];
  questions: StoredQuestion[];
}

/** What waits for people, oldest first. @param runId only of this run */
export const createListPending =
  ({
    organizationId,
    approvals,
    questions,
  }: Pick<CommandDependencies, 'organizationId' | 'approvals' | 'questions'>) =>
  async (runId?: string): Promise<PendingForPeople> => {
    const [waiting, asked] = await Promise.all([
      approvals.listPending(organizationId, runId),
      questions.listPending(organizationId, runId),
    ]);
    return { approvals: waiting, questions: asked };
  };
