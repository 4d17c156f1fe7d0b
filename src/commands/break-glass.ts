import { randomInt } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import {
  BREAK_GLASS,
  breakGlassRequested,
  confirmBreakGlass,
  endBreakGlass,
  queues,
} from '../../workflows/messages';
import type { Receipt } from '../domain/approval';
import {
  BREAK_GLASS_MS,
  type BreakGlassRequest,
  type BreakGlassTerms,
  type BreakGlassWord,
  breakGlassStatement,
  breakGlassWorkflowId,
  MAX_BREAK_GLASS_MS,
  runOfScope,
} from '../domain/break-glass';
import { canonicalJson } from '../domain/canonical-json';
import { GatehouseError } from '../domain/errors';
import { sha256 } from '../domain/hashing';
import { visibleText } from '../domain/visible-text';
import type { StoredBreakGlass } from '../store/break-glass-store';
import type { CommandDependencies } from './dependencies';
import { accepted } from './submit';

type Dependencies = Pick<CommandDependencies, 'organizationId' | 'breakGlasses' | 'temporal' | 'signer'>;

/**
 * Asks that for a while and somewhere one's own approval be enough. Worth nothing until another person confirms it.
 *
 * @param asked.durationMs at most four hours. @default half an hour
 * @throws GatehouseError `break-glass-malformed`, `refused` with the reason
 */
export const createRequestBreakGlass =
  ({ organizationId, breakGlasses, temporal, signer }: Dependencies) =>
  async ({
    by,
    durationMs = BREAK_GLASS_MS,
    ...asked
  }: Omit<BreakGlassTerms, 'durationMs'> & {
    by: string;
    durationMs?: number;
  }): Promise<StoredBreakGlass> => {
    if (durationMs > MAX_BREAK_GLASS_MS)
      throw new GatehouseError('break-glass-malformed', 'a break-glass lasts at most four hours');
    const id = newId();
    const terms: BreakGlassTerms = { ...asked, durationMs };
    const person = signer?.person ?? by;
    const request: BreakGlassRequest = {
      ...terms,
      id,
      organizationId,
      ...signedWord({ organizationId, signer }, id, 'request', person, terms, by),
    };
    await accepted(() =>
      temporal.within(async () => {
        const handle = await temporal.client.workflow.start(BREAK_GLASS, {
          workflowId: breakGlassWorkflowId(id),
          taskQueue: queues.control,
          args: [request],
          staticSummary: visibleText(`break-glass for ${person}: ${asked.reason}`, 100),
        });
        return handle.executeUpdate<Receipt, []>(breakGlassRequested);
      }),
    );
    return breakGlasses.find(organizationId, id);
  };

/**
 * A second person confirms: it is active from then on.
 *
 * @throws GatehouseError `break-glass-unknown`, `refused` with the reason
 */
export const createConfirmBreakGlass =
  (dependencies: Dependencies) =>
  (asked: { id: string; by: string }): Promise<StoredBreakGlass> =>
    say(dependencies, asked, 'confirm', (handle, word) =>
      handle.executeUpdate<Receipt, [BreakGlassWord]>(confirmBreakGlass, { args: [word] }),
    );

/** Ends one before its time. @throws GatehouseError `break-glass-unknown`, `break-glass-over`, `refused` */
export const createEndBreakGlass =
  (dependencies: Dependencies) =>
  (asked: { id: string; by: string }): Promise<StoredBreakGlass> =>
    say(dependencies, asked, 'end', (handle, word) =>
      handle.executeUpdate<Receipt, [BreakGlassWord]>(endBreakGlass, { args: [word] }),
    );

/** All of the organization, newest first. */
export const createListBreakGlass =
  ({ organizationId, breakGlasses }: Pick<CommandDependencies, 'organizationId' | 'breakGlasses'>) =>
  (): Promise<StoredBreakGlass[]> =>
    breakGlasses.list(organizationId);

async function say(
  { organizationId, breakGlasses, temporal, signer }: Dependencies,
  { id, by }: { id: string; by: string },
  action: 'confirm' | 'end',
  update: (handle: WorkflowHandle, word: BreakGlassWord) => Promise<Receipt>,
): Promise<StoredBreakGlass> {
  const stored = await breakGlasses.find(organizationId, id);
  if (stored.status === 'ended' || stored.status === 'lapsed')
    throw new GatehouseError('break-glass-over', `break-glass \`${id}\` is over: \`${stored.status}\``);
  const word = signedWord({ organizationId, signer }, id, action, stored.person, stored, by);
  await accepted(() =>
    temporal.within(() => update(temporal.client.workflow.getHandle(breakGlassWorkflowId(id)), word)),
  );
  return breakGlasses.find(organizationId, id);
}

function signedWord(
  { organizationId, signer }: Pick<CommandDependencies, 'organizationId' | 'signer'>,
  id: string,
  action: 'request' | 'confirm' | 'end',
  person: string,
  terms: BreakGlassTerms,
  by: string,
): BreakGlassWord {
  if (!signer) return { by };
  const request = sha256(canonicalJson(breakGlassStatement(action, person, terms)));
  return {
    by: signer.person,
    signature: signer.sign({
      organization: organizationId,
      run: runOfScope(terms.scope),
      subject: { kind: 'break-glass', id, request },
    }),
  };
}

const ID_LETTERS = '23456789abcdefghjkmnpqrstuvwxyz';

function newId(): string {
  return `brk-${Array.from({ length: 10 }, () => ID_LETTERS[randomInt(ID_LETTERS.length)]).join('')}`;
}
