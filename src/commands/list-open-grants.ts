import type { OpenGrant } from '../store/open-grants';
import type { CommandDependencies } from './dependencies';

/** Calls that were granted and of which nobody said what became of them, oldest first. */
export const createListOpenGrants =
  ({ organizationId, openGrants }: Pick<CommandDependencies, 'organizationId' | 'openGrants'>) =>
  (runId?: string): Promise<OpenGrant[]> =>
    openGrants.list(organizationId, runId);
