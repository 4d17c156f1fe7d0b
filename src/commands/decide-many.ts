import { GatehouseError } from '../domain/errors';
import { createDecide, type DecideDependencies, type Decided, type DecideRequest } from './decide';

/** What came of one decision of a batch. */
export type DecidedOne =
  | ({ ok: true; approvalId: string } & Decided)
  | { ok: false; approvalId: string; code: string; message: string };

/** Most decisions of one batch. */
export const MAX_BATCH = 100;

/** How many are on their way at once. */
const AT_ONCE = 8;

/**
 * Counts several decisions, each for itself: one that is refused leaves the others as they are.
 *
 * @returns what came of each, in the order given
 * @throws GatehouseError `batch-too-large`, `batch-repeats` when one approval is in it twice
 */
export const createDecideMany =
  (dependencies: DecideDependencies) =>
  async (requests: readonly DecideRequest[]): Promise<DecidedOne[]> => {
    if (requests.length > MAX_BATCH)
      throw new GatehouseError('batch-too-large', `decide at most ${MAX_BATCH} approvals at once`);
    if (new Set(requests.map(({ approvalId }) => approvalId)).size < requests.length)
      throw new GatehouseError('batch-repeats', 'an approval is in this batch twice');
    const decide = createDecide(dependencies);
    const outcomes: DecidedOne[] = [];
    for (let start = 0; start < requests.length; start += AT_ONCE) {
      const some = requests.slice(start, start + AT_ONCE);
      outcomes.push(...(await Promise.all(some.map((request) => decideOne(decide, request)))));
    }
    return outcomes;
  };

async function decideOne(
  decide: ReturnType<typeof createDecide>,
  request: DecideRequest,
): Promise<DecidedOne> {
  const { approvalId } = request;
  try {
    return { ok: true, approvalId, ...(await decide(request)) };
  } catch (error) {
    if (!(error instanceof GatehouseError)) throw error;
    return { ok: false, approvalId, code: error.code, message: error.message };
  }
}
