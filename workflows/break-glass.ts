import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  proxyActivities,
  setHandler,
} from '@temporalio/workflow';
import type { createBreakGlass } from '../activities/break-glass';
import type { Receipt } from '../src/domain/approval';
import type { BreakGlassRequest, BreakGlassWord } from '../src/domain/break-glass';
import { breakGlassRequested, confirmBreakGlass, endBreakGlass, queues } from './messages';
import { misshapenBreakGlass, misshapenBreakGlassWord } from './word-shapes';

const control = proxyActivities<ReturnType<typeof createBreakGlass>>({
  taskQueue: queues.control,
  startToCloseTimeout: '20s',
  retry: { initialInterval: '200ms', maximumInterval: '10s' },
});

/**
 * One break-glass, from its request to its end. The database alone says what it is worth and for how long; this
 * workflow has people's words verified, and sees to it that the end is recorded in time.
 */
export async function breakGlass(request: BreakGlassRequest): Promise<void> {
  const misshapen = misshapenBreakGlass(request);
  if (misshapen) throw ApplicationFailure.nonRetryable(misshapen, 'break-glass-malformed');
  const address = { organizationId: request.organizationId, id: request.id };
  let requested: Receipt | null = null;
  let changes = 0;
  const answered = async (): Promise<Receipt> => {
    await condition(() => requested !== null);
    return requested as Receipt;
  };
  const known = async (word: () => Promise<Receipt>): Promise<Receipt> => {
    const request = await answered();
    if (!request.accepted) return request;
    const receipt = await word();
    changes++;
    return receipt;
  };
  setHandler(breakGlassRequested, answered, { description: 'Says whether the request was accepted' });
  const validator = (word: BreakGlassWord) => {
    const refusal = misshapenBreakGlassWord(word);
    if (refusal !== null) throw new Error(refusal);
  };
  setHandler(confirmBreakGlass, (word) => known(() => control.confirmBreakGlass({ ...address, word })), {
    validator,
    description: 'A second person confirms: {by, signature?}',
  });
  setHandler(endBreakGlass, (word) => known(() => control.endBreakGlass({ ...address, word })), {
    validator,
    description: 'Ends it by hand: {by, signature?}',
  });

  requested = await control.requestBreakGlass(request);
  if (requested.accepted)
    for (;;) {
      const seen = changes;
      const remainingMs = await control.settleBreakGlass(address);
      if (remainingMs === null) break;
      await condition(() => changes > seen, Math.max(1, remainingMs), { summary: 'until its end' });
    }
  await condition(allHandlersFinished);
  if (!requested.accepted) throw ApplicationFailure.nonRetryable(requested.reason, 'refused');
}
