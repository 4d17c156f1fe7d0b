import { GatehouseError } from '../domain/errors';
import { visibleText } from '../domain/visible-text';
import type { StoredPerson } from '../store/person-store';
import type { CommandDependencies } from './dependencies';

/** One person with the keys that count. @throws GatehouseError `person-unknown` */
export const createShowPerson =
  ({ organizationId, persons }: Pick<CommandDependencies, 'organizationId' | 'persons'>) =>
  async (name: string): Promise<StoredPerson> => {
    const person = await persons.get(organizationId, name);
    if (!person)
      throw new GatehouseError('person-unknown', `there is no person \`${visibleText(name, 80)}\``);
    return person;
  };
