import { gitChecks } from './checks/git';
import { kubernetesChecks } from './checks/kubernetes';
import { platformChecks } from './checks/platforms';
import type { Invocation } from './match-table';
import type { PartDraft } from './part-draft';
import type { CommandContext } from './simple-command';

/** What a table cannot say. A check raises the draft's effect, adds marks and findings, and may judge operands. */
export type Check = (invocation: Invocation, draft: PartDraft, context: CommandContext) => void;

/** The checks by the names that tables use. */
export const checks: Readonly<Record<string, Check>> = {
  ...gitChecks,
  ...kubernetesChecks,
  ...platformChecks,
};
