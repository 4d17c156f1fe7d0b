import { publicKeyOf } from '../broker/keys';
import { GatehouseError } from '../domain/errors';
import type { StoredPerson } from '../store/person-store';
import type { CommandDependencies } from './dependencies';

/** The people of an organization, what they may do, and the keys they sign with. */
export const createManagePeople = ({
  organizationId,
  people,
}: Pick<CommandDependencies, 'organizationId' | 'people'>) => {
  /** @throws GatehouseError `person-unknown` */
  async function show(name: string): Promise<StoredPerson> {
    const person = await people.get(organizationId, name);
    if (!person) throw new GatehouseError('person-unknown', `there is no person \`${name}\``);
    return person;
  }

  return {
    /** By name. */
    list: (): Promise<StoredPerson[]> => people.list(organizationId),

    show,

    /** Adds a person, or replaces their roles. */
    async apply(person: { name: string; roles: string[] }, by: string): Promise<StoredPerson> {
      await people.apply(organizationId, person, by);
      return show(person.name);
    },

    /** Nothing of theirs counts from now on. @throws GatehouseError `person-unknown` */
    async disable(name: string, by: string): Promise<StoredPerson> {
      await people.disable(organizationId, name, by);
      return show(name);
    },

    /**
     * Takes the public half of the key that a person signs with.
     *
     * @param jwk Ed25519, as RFC 8037 writes it
     * @throws GatehouseError `person-unknown`, `key-unreadable`, `key-taken`
     */
    async addKey(name: string, jwk: unknown, by: string): Promise<StoredPerson> {
      await people.addKey(organizationId, name, publicKeyOf(jwk), by);
      return show(name);
    },

    /** @throws GatehouseError `person-unknown`, `key-unknown` */
    async revokeKey(name: string, thumbprint: string, by: string): Promise<StoredPerson> {
      const { keys } = await show(name);
      if (!keys.some((key) => key.thumbprint === thumbprint))
        throw new GatehouseError('key-unknown', `\`${name}\` has no such key that counts`);
      await people.revokeKey(organizationId, thumbprint, by);
      return show(name);
    },
  };
};
