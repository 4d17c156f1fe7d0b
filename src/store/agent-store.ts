import type { Agent } from '../domain/agent';
import { canonicalJson } from '../domain/canonical-json';
import { sha256 } from '../domain/hashing';
import type { Database } from './database';
import type { Prisma } from './generated/client';
import { recordOrganizationEvent } from './organization-audit';
import { touchPolicies } from './policy-revision';

export type AgentStore = ReturnType<typeof createAgentStore>;

export interface StoredAgent {
  version: number;
  definition: Agent;
  /** Milliseconds since the epoch. */
  updatedAt: number;
}

/** Agents by name. Every change is audited in the name of who made it. */
export const createAgentStore = (database: Database, now: () => number = Date.now) =>
  database.guarded({
    /**
     * Keeps an agent's definition; one that differs from the stored one is a new version.
     *
     * @throws GatehouseError `organization-unknown`
     */
    async apply(
      organizationId: string,
      agent: Agent,
      by: string,
    ): Promise<{ version: number; isChanged: boolean }> {
      return database.client.$transaction(async (transaction) => {
        // Holds the organization's row, so that two at once come one after the other.
        await touchPolicies(transaction, organizationId, 0);
        const key = { organizationId_name: { organizationId, name: agent.name } };
        const stored = await transaction.agent.findUnique({ where: key });
        if (stored && canonicalJson(stored.definition) === canonicalJson(agent))
          return { version: stored.version, isChanged: false };
        const version = (stored?.version ?? 0) + 1;
        const definition = agent as unknown as Prisma.InputJsonObject;
        await transaction.agent.upsert({
          where: key,
          create: { organizationId, name: agent.name, version, definition },
          update: { version, definition },
        });
        await touchPolicies(transaction, organizationId, 1);
        await recordOrganizationEvent(transaction, organizationId, {
          kind: 'agent-applied',
          at: now(),
          body: {
            agent: agent.name,
            from: stored?.version ?? null,
            to: version,
            contentHash: sha256(canonicalJson(agent)),
            by,
          },
        });
        return { version, isChanged: true };
      });
    },

    /** By name. */
    async list(organizationId: string): Promise<StoredAgent[]> {
      const rows = await database.client.agent.findMany({
        where: { organizationId },
        orderBy: { name: 'asc' },
      });
      return rows.map(({ version, definition, updatedAt }) => ({
        version,
        definition: definition as unknown as Agent,
        updatedAt: updatedAt.getTime(),
      }));
    },

    async get(organizationId: string, name: string): Promise<Agent | null> {
      const row = await database.client.agent.findUnique({
        where: { organizationId_name: { organizationId, name } },
      });
      return row ? (row.definition as unknown as Agent) : null;
    },
  });
