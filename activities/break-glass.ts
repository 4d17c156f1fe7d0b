import type { Receipt } from '../src/domain/approval';
import {
  type BreakGlassAction,
  type BreakGlassRequest,
  type BreakGlassTerms,
  type BreakGlassWord,
  breakGlassStatement,
  breakGlassWorkflowId,
  MAX_BREAK_GLASS_MS,
  runOfScope,
} from '../src/domain/break-glass';
import { canonicalJson } from '../src/domain/canonical-json';
import { GatehouseError } from '../src/domain/errors';
import { sha256 } from '../src/domain/hashing';
import type { Scope } from '../src/domain/scopes';
import type { WordVerifier } from '../src/identity/word-verifier';
import type { Identity, PeopleStore } from '../src/policy/people-records';
import type { BreakGlassStore } from '../src/store/break-glass-store';
import { toFailure } from './failures';
import { ownWorkflowId } from './own-workflow';

interface Address {
  organizationId: string;
  id: string;
}

/** Who may ask for a break-glass, and end one. */
const SPEAKERS: readonly Scope[] = ['approvals:decide', 'halt:write'];

export interface BreakGlassDependencies {
  store: Pick<BreakGlassStore, 'find' | 'request' | 'confirm' | 'end' | 'settle'>;
  people: Pick<PeopleStore, 'requiresSignatures'>;
  words: WordVerifier;
}

/** What people say about a break-glass, verified and recorded before it counts. */
export const createBreakGlass = ({ store, people, words }: BreakGlassDependencies) => {
  async function speaker(
    { organizationId, id }: Address,
    { action, person, terms }: { action: BreakGlassAction; person: string; terms: BreakGlassTerms },
    { by, signature }: BreakGlassWord,
    mayBeSaidBy: readonly Scope[],
  ): Promise<Identity> {
    const request = sha256(canonicalJson(breakGlassStatement(action, person, terms)));
    const subject = { kind: 'break-glass', id, request } as const;
    if (signature)
      return words.verified(
        { organization: organizationId, run: runOfScope(terms.scope), subject },
        signature,
        mayBeSaidBy,
      );
    if (await people.requiresSignatures(organizationId))
      throw new GatehouseError('signature-required', 'this organization accepts signed words only');
    return words.claimed(organizationId, by);
  }

  return {
    async requestBreakGlass(request: BreakGlassRequest): Promise<Receipt> {
      return receipt(async () => {
        if (ownWorkflowId() !== breakGlassWorkflowId(request.id))
          throw new GatehouseError(
            'break-glass-malformed',
            'this workflow is not that of the break-glass it names',
          );
        requireTerms(request);
        const { organizationId, id, by } = request;
        const said = { action: 'request', person: by, terms: request } as const;
        await store.request(request, await speaker({ organizationId, id }, said, request, SPEAKERS));
        return 'requested';
      });
    },

    async confirmBreakGlass({ word, ...address }: Address & { word: BreakGlassWord }): Promise<Receipt> {
      return receipt(async () => {
        const stored = await store.find(address.organizationId, address.id);
        const said = { action: 'confirm', person: stored.person, terms: stored } as const;
        const { organizationId, id } = address;
        await store.confirm(organizationId, id, await speaker(address, said, word, ['halt:write']));
        return 'active';
      });
    },

    async endBreakGlass({ word, ...address }: Address & { word: BreakGlassWord }): Promise<Receipt> {
      return receipt(async () => {
        const stored = await store.find(address.organizationId, address.id);
        const said = { action: 'end', person: stored.person, terms: stored } as const;
        const { organizationId, id } = address;
        await store.end(organizationId, id, await speaker(address, said, word, SPEAKERS));
        return 'ended';
      });
    },

    /** @returns milliseconds until it is over, by the database's clock; null once it is */
    async settleBreakGlass({ organizationId, id }: Address): Promise<number | null> {
      try {
        return await store.settle(organizationId, id);
      } catch (error) {
        throw toFailure(error);
      }
    },
  };
};

/** @throws GatehouseError `break-glass-malformed` */
function requireTerms({ reason, durationMs, scope }: BreakGlassTerms): void {
  if (typeof reason !== 'string' || reason.trim() === '' || reason.length > 2_000)
    throw new GatehouseError(
      'break-glass-malformed',
      'a break-glass needs a reason of at most 2,000 characters',
    );
  if (!Number.isSafeInteger(durationMs) || durationMs <= 0 || durationMs > MAX_BREAK_GLASS_MS)
    throw new GatehouseError('break-glass-malformed', 'a break-glass lasts at most four hours');
  if (!['organization', 'agent', 'run'].includes(scope?.kind))
    throw new GatehouseError(
      'break-glass-malformed',
      'a break-glass is for the organization, an agent or a run',
    );
}

/** A person's mistake is a receipt that says why; an outage is a failure that Temporal retries. */
async function receipt(work: () => Promise<string>): Promise<Receipt> {
  try {
    return { accepted: true, status: await work() };
  } catch (error) {
    if (error instanceof GatehouseError && error.code !== 'database-unreachable')
      return { accepted: false, reason: error.message };
    throw toFailure(error);
  }
}
