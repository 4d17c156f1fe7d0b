import { describeHalt } from '../domain/halt';
import type { HaltStore } from '../store/halt-store';

/** A halt outlives restarts: whoever brings the stack up again is told, and how to end it. */
export async function warnOfHalts(
  organizationId: string,
  halts: Pick<HaltStore, 'standing'>,
  warn: (line: string) => void,
): Promise<void> {
  const { organization, agents } = await halts.standing(organizationId);
  if (organization) warn(`${describeHalt(organization)}; \`gatehouse resume --all\` ends that`);
  for (const { agent, ...halt } of agents)
    warn(`agent \`${agent}\`: ${describeHalt(halt)}; \`gatehouse resume --agent ${agent}\` ends that`);
}
