import { GatehouseError } from '../domain/errors';
import type { Database } from './database';
import type { Halt, Organization, Signatures } from './generated/client';

export type OrganizationStore = ReturnType<typeof createOrganizationStore>;

/** The organization that `up` creates: it alone starts without signatures. */
export const LOCAL_ORGANIZATION = 'local';

export const createOrganizationStore = (database: Database) =>
  database.guarded({
    /** Creates an organization; one that exists stays as it is. */
    async create(organization: { id: string; name: string; signatures?: Signatures }): Promise<Organization> {
      const { id } = organization;
      return database.client.organization.upsert({ where: { id }, create: organization, update: {} });
    },

    /** The local organization, created when it is not there. Nobody has keys yet, so signatures are optional. */
    async ensureLocal(): Promise<Organization> {
      return this.create({ id: LOCAL_ORGANIZATION, name: 'Local', signatures: 'OPTIONAL' });
    },

    async get(id: string): Promise<Organization | null> {
      return database.client.organization.findUnique({ where: { id } });
    },

    /** Stops or pauses every run of an organization, or lets them go on: each gate reads it. */
    async setHalt(id: string, halt: Halt): Promise<void> {
      const { count } = await database.client.organization.updateMany({ where: { id }, data: { halt } });
      if (count === 0) throw new GatehouseError('organization-unknown', `there is no organization \`${id}\``);
    },
  });
