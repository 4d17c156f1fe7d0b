import type { KeyObject } from 'node:crypto';
import { publicJwk, publicKeyOf, thumbprintOf } from '../broker/keys';
import { GatehouseError } from '../domain/errors';
import type { Database } from './database';
import type { Person, PersonKey, Prisma } from './generated/client';
import { recordOrganizationEvent } from './organization-audit';

export type PersonStore = ReturnType<typeof createPersonStore>;

export interface StoredPerson {
  name: string;
  roles: string[];
  /** Keys that count. */
  keys: { thumbprint: string; createdAt: number }[];
  isDisabled: boolean;
}

/** The people of an organization and their keys. Every change is audited in the name of who made it. */
export const createPersonStore = (database: Database, now: () => number = Date.now) => {
  const { client } = database;
  return database.guarded({
    async list(organizationId: string): Promise<StoredPerson[]> {
      const rows = await client.person.findMany({
        where: { organizationId },
        include: { keys: { where: { revokedAt: null }, orderBy: { createdAt: 'asc' } } },
        orderBy: { name: 'asc' },
      });
      return rows.map(personOf);
    },

    async get(organizationId: string, name: string): Promise<StoredPerson | null> {
      const row = await client.person.findUnique({
        where: { organizationId_name: { organizationId, name } },
        include: { keys: { where: { revokedAt: null }, orderBy: { createdAt: 'asc' } } },
      });
      return row ? personOf(row) : null;
    },

    /** As {@link get}, without the keys: one round trip. */
    async standing(
      organizationId: string,
      name: string,
    ): Promise<{ roles: string[]; isDisabled: boolean } | null> {
      const row = await client.person.findUnique({
        where: { organizationId_name: { organizationId, name } },
      });
      return row && { roles: row.roles, isDisabled: row.disabledAt !== null };
    },

    /** Adds a person or replaces their roles; one who was disabled counts again. */
    async apply(organizationId: string, { name, roles }: { name: string; roles: string[] }, by: string) {
      const at = now();
      await client.$transaction(async (transaction) => {
        await transaction.person.upsert({
          where: { organizationId_name: { organizationId, name } },
          create: { organizationId, name, roles },
          update: { roles, disabledAt: null },
        });
        await recordOrganizationEvent(transaction, organizationId, {
          kind: 'person-applied',
          at,
          body: { name, roles, by },
        });
      });
    },

    /** Nothing of theirs counts from now on. @throws GatehouseError `person-unknown` */
    async disable(organizationId: string, name: string, by: string): Promise<void> {
      const at = now();
      await client.$transaction(async (transaction) => {
        const { count } = await transaction.person.updateMany({
          where: { organizationId, name },
          data: { disabledAt: new Date(at) },
        });
        if (count === 0) throw unknownPerson(name);
        await recordOrganizationEvent(transaction, organizationId, {
          kind: 'person-disabled',
          at,
          body: { name, by },
        });
      });
    },

    /**
     * Takes a person's public key.
     *
     * @returns its RFC 7638 thumbprint
     * @throws GatehouseError `person-unknown`, `key-taken` when somebody has this key
     */
    async addKey(organizationId: string, name: string, publicKey: KeyObject, by: string): Promise<string> {
      const thumbprint = thumbprintOf(publicKey);
      const at = now();
      await client.$transaction(async (transaction) => {
        const person = await transaction.person.findUnique({
          where: { organizationId_name: { organizationId, name } },
        });
        if (!person) throw unknownPerson(name);
        const known = await transaction.personKey.findUnique({ where: { thumbprint } });
        if (known)
          throw new GatehouseError('key-taken', `key \`${thumbprint}\` is known already, and belongs to one`);
        await transaction.personKey.create({
          data: {
            thumbprint,
            organizationId,
            person: name,
            publicKey: publicJwk(publicKey) as unknown as Prisma.InputJsonObject,
          },
        });
        await recordOrganizationEvent(transaction, organizationId, {
          kind: 'key-added',
          at,
          body: { person: name, thumbprint, by },
        });
      });
      return thumbprint;
    },

    /** Nothing that this key signs counts from now on. @throws GatehouseError `key-unknown` */
    async revokeKey(organizationId: string, thumbprint: string, by: string): Promise<void> {
      const at = now();
      await client.$transaction(async (transaction) => {
        const { count } = await transaction.personKey.updateMany({
          where: { organizationId, thumbprint, revokedAt: null },
          data: { revokedAt: new Date(at) },
        });
        if (count === 0)
          throw new GatehouseError('key-unknown', `there is no key \`${thumbprint}\` that counts`);
        await recordOrganizationEvent(transaction, organizationId, {
          kind: 'key-revoked',
          at,
          body: { thumbprint, by },
        });
      });
    },

    /** Who signs with this key; null when it is unknown, revoked, or its person is disabled. */
    async findByKey(
      organizationId: string,
      thumbprint: string,
    ): Promise<{ person: string; roles: string[]; publicKey: KeyObject } | null> {
      const row = await client.personKey.findFirst({
        where: { organizationId, thumbprint, revokedAt: null, owner: { disabledAt: null } },
        include: { owner: true },
      });
      if (!row) return null;
      return { person: row.person, roles: row.owner.roles, publicKey: publicKeyOf(row.publicKey) };
    },
  });
};

function personOf(row: Person & { keys: PersonKey[] }): StoredPerson {
  return {
    name: row.name,
    roles: row.roles,
    keys: row.keys.map(({ thumbprint, createdAt }) => ({ thumbprint, createdAt: createdAt.getTime() })),
    isDisabled: row.disabledAt !== null,
  };
}

function unknownPerson(name: string): GatehouseError {
  return new GatehouseError(
    'person-unknown',
    `there is no person \`${name}\`; \`gatehouse people list\` shows those there are`,
  );
}
