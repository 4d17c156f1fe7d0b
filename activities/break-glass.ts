import type { Receipt } from '../src/domain/approval';
import {
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
import { holdsScope, scopesOf } from '../src/domain/scopes';
import type { Identify, Identity } from '../src/identity/identify';
import type { BreakGlassStore } from '../src/store/break-glass-store';
import { toFailure } from './failures';
import { ownWorkflowId } from './own-workflow';

interface Address {
  organizationId: string;
  id: string;
}

/** What people say about a break-glass, verified and recorded before it counts. */
export const createBreakGlass = ({
  store,
  identify,
}: {
  store: Pick<BreakGlassStore, 'find' | 'request' | 'confirm' | 'end' | 'settle'>;
  identify: Identify;
}) => {
  function speaker(
    { organizationId, id }: Address,
    action: 'request' | 'confirm' | 'end',
    person: string,
    terms: BreakGlassTerms,
    said: BreakGlassWord,
  ): Promise<Identity> {
    const request = sha256(canonicalJson(breakGlassStatement(action, person, terms)));
    return identify(
      {
        organization: organizationId,
        run: runOfScope(terms.scope),
        subject: { kind: 'break-glass', id, request },
      },
      said,
    );
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
        const identity = await speaker({ organizationId, id }, 'request', by, request, request);
        await store.request(request, identified(identity));
        return 'requested';
      });
    },

    async confirmBreakGlass({ word, ...address }: Address & { word: BreakGlassWord }): Promise<Receipt> {
      return receipt(async () => {
        const stored = await store.find(address.organizationId, address.id);
        const identity = await speaker(address, 'confirm', stored.person, stored, word);
        // In an organization without signatures nothing can prove a role.
        if (identity.isVerified && !holdsScope(scopesOf(identity.roles), 'halt:write'))
          throw new GatehouseError('not-permitted', 'an `operator` or `admin` confirms a break-glass');
        await store.confirm(address.organizationId, address.id, identified(identity));
        return 'active';
      });
    },

    async endBreakGlass({ word, ...address }: Address & { word: BreakGlassWord }): Promise<Receipt> {
      return receipt(async () => {
        const stored = await store.find(address.organizationId, address.id);
        await store.end(
          address.organizationId,
          address.id,
          identified(await speaker(address, 'end', stored.person, stored, word)),
        );
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

function identified({ person, isVerified }: Identity): { by: string; isVerified: boolean } {
  return { by: person, isVerified };
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
