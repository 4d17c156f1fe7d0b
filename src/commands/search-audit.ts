import type { AuditPage, AuditQuery, OpenGrant } from '../store/audit-search';
import type { CommandDependencies } from './dependencies';

type Dependencies = Pick<CommandDependencies, 'organizationId' | 'auditSearch'>;

/** The organization's audit records and those of its runs, newest first. */
export const createSearchAudit =
  ({ organizationId, auditSearch }: Dependencies) =>
  (query: Omit<AuditQuery, 'organizationId'>): Promise<AuditPage> =>
    auditSearch.search({ ...query, organizationId });

/** Calls that were granted and of which nobody said what became of them, oldest first. */
export const createListOpenGrants =
  ({ organizationId, auditSearch }: Dependencies) =>
  (runId?: string): Promise<OpenGrant[]> =>
    auditSearch.openGrants(organizationId, runId);
