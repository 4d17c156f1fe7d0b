import { databaseChecks } from './checks/databases';
import { fileChecks } from './checks/files';
import { gitChecks } from './checks/git';
import { httpChecks } from './checks/http';
import { kubernetesChecks } from './checks/kubernetes';
import { platformChecks } from './checks/platforms';
import { remoteChecks } from './checks/remote';
import type { Check } from './invocation';

/** The checks by the names that tables use. */
export const checks: Readonly<Record<string, Check>> = {
  ...databaseChecks,
  ...fileChecks,
  ...gitChecks,
  ...httpChecks,
  ...kubernetesChecks,
  ...platformChecks,
  ...remoteChecks,
};
