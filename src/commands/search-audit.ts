import type { AuditPage, AuditQuery } from '../store/audit-search';
import type { CommandDependencies } from './dependencies';

/** The organization's audit, newest first. @throws GatehouseError `cursor-malformed` */
export const createSearchAudit =
  ({ organizationId, auditSearch }: Pick<CommandDependencies, 'organizationId' | 'auditSearch'>) =>
  (query: AuditQuery = {}): Promise<AuditPage> =>
    auditSearch.find(organizationId, query);
