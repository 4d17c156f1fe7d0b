import { type PeopleSettings, readPeopleSettings } from '../domain/people-settings';
import type { CommandDependencies } from './dependencies';
import { speakerOf } from './speaker';

type Dependencies = Pick<CommandDependencies, 'organizationId' | 'organizations' | 'signer'>;

/** How the organization's people are asked. @throws GatehouseError `organization-unknown` */
export const createShowPeopleSettings =
  ({ organizationId, organizations }: Pick<Dependencies, 'organizationId' | 'organizations'>) =>
  (): Promise<PeopleSettings> =>
    organizations.peopleOf(organizationId);

/**
 * Sets how the organization's people are asked; what is left out stays. Reminders and escalation count for runs that
 * begin afterwards, who works alone at once.
 *
 * @throws GatehouseError `people-settings-malformed`, `organization-unknown`, `speaker-other`
 */
export const createSetPeopleSettings =
  (dependencies: Dependencies) =>
  async ({ settings, by }: { settings: unknown; by?: string }): Promise<PeopleSettings> => {
    const { organizationId, organizations } = dependencies;
    const speaker = speakerOf(dependencies, by) ?? 'unknown';
    const wanted = readPeopleSettings(settings, await organizations.peopleOf(organizationId));
    await organizations.setPeople(organizationId, wanted, speaker);
    return wanted;
  };
