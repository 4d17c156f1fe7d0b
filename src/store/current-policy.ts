import { LRUCache } from 'lru-cache';
import { canonicalJson } from '../domain/canonical-json';
import { GatehouseError } from '../domain/errors';
import type { PolicySnapshot } from '../domain/policy';
import type { GateLoad } from '../policy/gate-records';
import { compileSnapshot } from '../policy/snapshot';
import type { AgentStore } from './agent-store';
import type { PolicyStore } from './policy-store';
import type { SnapshotStore } from './snapshot-store';

/** What a run would be judged by if it were dispatched now. */
export interface CurrentPolicy {
  /** @throws GatehouseError `agent-unknown` */
  snapshotFor(
    organizationId: string,
    load: Pick<GateLoad, 'agent' | 'narrow' | 'policyMarker'>,
  ): Promise<PolicySnapshot>;
}

/**
 * Compiles once per marker, which changes with every policy and agent, so that a gate need not.
 */
export function createCurrentPolicy(
  agents: Pick<AgentStore, 'get'>,
  policies: Pick<PolicyStore, 'listActive' | 'modeOf'>,
  snapshots: Pick<SnapshotStore, 'save'>,
): CurrentPolicy {
  const compiled = new LRUCache<string, PolicySnapshot>({ max: 500 });
  return {
    async snapshotFor(organizationId, { agent: name, narrow, policyMarker }) {
      const key = canonicalJson([organizationId, name, narrow, policyMarker]);
      const known = compiled.get(key);
      if (known) return known;
      const agent = await agents.get(organizationId, name);
      if (!agent)
        throw new GatehouseError(
          'agent-unknown',
          `agent \`${name}\` is no longer in organization \`${organizationId}\``,
        );
      const snapshot = compileSnapshot({
        organizationId,
        agent,
        policies: await policies.listActive(organizationId),
        mode: await policies.modeOf(organizationId),
        narrow,
      });
      // Kept, so that a decision that names it can be judged again.
      await snapshots.save(snapshot);
      compiled.set(key, snapshot);
      return snapshot;
    },
  };
}
