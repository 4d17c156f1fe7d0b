import { GatehouseError } from '../domain/errors';
import { type PeopleSettings, peopleSettings } from '../domain/people-settings';
import type { Database } from './database';
import type { Halt, Organization, Prisma, Signatures } from './generated/client';
import { appendOrganizationRecords } from './organization-audit';

export type OrganizationStore = ReturnType<typeof createOrganizationStore>;

/** The organization that `up` creates: it alone starts without signatures. */
export const LOCAL_ORGANIZATION = 'local';

export const createOrganizationStore = (database: Database, now: () => number = Date.now) =>
  database.guarded({
    /** Creates an organization; one that exists stays as it is. */
    async create(organization: {
      id: string;
      name: string;
      signatures?: Signatures;
      people?: Partial<PeopleSettings>;
    }): Promise<Organization> {
      const { id, people, ...row } = organization;
      return database.client.organization.upsert({
        where: { id },
        create: { id, ...row, ...(people ? { people: people as Prisma.InputJsonObject } : {}) },
        update: {},
      });
    },

    /**
     * The local organization, created when it is not there. Nobody has keys yet, so signatures are optional, and whoever
     * started it works alone.
     */
    async ensureLocal(): Promise<Organization> {
      return this.create({
        id: LOCAL_ORGANIZATION,
        name: 'Local',
        signatures: 'OPTIONAL',
        people: { isSingleOperator: true },
      });
    },

    /** How its people are asked. @throws GatehouseError `organization-unknown` */
    async peopleOf(id: string): Promise<PeopleSettings> {
      const found = await database.client.organization.findUnique({
        where: { id },
        select: { people: true },
      });
      if (!found) throw new GatehouseError('organization-unknown', `there is no organization \`${id}\``);
      return peopleSettings(found.people);
    },

    /** Sets how its people are asked, audited in its own chain. @throws GatehouseError `organization-unknown` */
    async setPeople(id: string, people: PeopleSettings, by: string): Promise<void> {
      const at = now();
      const kind = 'people-settings';
      await database.client.$transaction(async (transaction) => {
        await appendOrganizationRecords(transaction, id, (sequence) => [
          { key: `${kind}:${sequence}`, kind, at, body: { people, by } },
        ]);
        await transaction.organization.update({
          where: { id },
          data: { people: people as unknown as Prisma.InputJsonObject },
        });
      });
    },

    async get(id: string): Promise<Organization | null> {
      return database.client.organization.findUnique({ where: { id } });
    },

    /** Whether there is this organization and no other. */
    async isAlone(id: string): Promise<boolean> {
      const some = await database.client.organization.findMany({ select: { id: true }, take: 2 });
      return some.length === 1 && some[0]!.id === id;
    },

    /** Stops or pauses every run of an organization, or lets them go on: each gate reads it. */
    async setHalt(id: string, halt: Halt): Promise<void> {
      const { count } = await database.client.organization.updateMany({ where: { id }, data: { halt } });
      if (count === 0) throw new GatehouseError('organization-unknown', `there is no organization \`${id}\``);
    },
  });
