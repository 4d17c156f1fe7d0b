import type { ArtifactStore } from '../src/artifacts/artifact-store';
import { canonicalJson } from '../src/domain/canonical-json';
import { GatehouseError } from '../src/domain/errors';
import { describeHalt } from '../src/domain/halt';
import type { DispatchInput, DispatchResult } from '../src/domain/steps';
import { tierName } from '../src/domain/tier';
import { scriptOf } from '../src/model/pinned-script';
import { warmParserFor } from '../src/policy/content/warm-parser';
import type { HaltReader } from '../src/policy/halt-records';
import { readRunInput } from '../src/policy/run-input';
import { compileSnapshot } from '../src/policy/snapshot';
import type { AgentStore } from '../src/store/agent-store';
import type { ArtifactAccess } from '../src/store/artifact-access';
import type { OrganizationStore } from '../src/store/organization-store';
import type { PolicyStore } from '../src/store/policy-store';
import type { RunStore } from '../src/store/run-store';
import type { SnapshotStore } from '../src/store/snapshot-store';
import { toFailure } from './failures';
import { ownWorkflowId } from './own-workflow';

export interface DispatchDependencies {
  agents: AgentStore;
  policies: PolicyStore;
  snapshots: SnapshotStore;
  runs: RunStore;
  halts: Pick<HaltReader, 'read'>;
  organizations: OrganizationStore;
  artifacts: ArtifactStore;
  access: Pick<ArtifactAccess, 'give'>;
  waitForPeopleMs: number;
  /** Whether the runner reads over the channel. */
  channel: boolean;
  /** Whether Temporal's histories are encrypted. */
  isEncrypted: boolean;
}

/** Temporal drops an activity's result that is over 2 MiB, and would try again for ever. */
const MAX_PAYLOAD_BYTES = 1_200_000;

/**
 * Before an agent runs: the organization's active policies become one digest, and everything the run is judged by one
 * snapshot, pinned by its hash. The run's row exists afterwards. Idempotent by run.
 */
export const createDispatch = (dependencies: DispatchDependencies) => ({
  async dispatch(input: DispatchInput): Promise<DispatchResult> {
    try {
      return await dispatchRun(readRunInput(input, ownWorkflowId()), dependencies);
    } catch (error) {
      throw toFailure(error);
    }
  },
});

async function dispatchRun(
  input: DispatchInput,
  {
    agents,
    policies,
    snapshots,
    runs,
    halts,
    organizations,
    artifacts,
    access,
    waitForPeopleMs,
    channel,
    isEncrypted,
  }: DispatchDependencies,
): Promise<DispatchResult> {
  const agent = await agents.get(input.organizationId, input.agent);
  if (!agent)
    throw new GatehouseError(
      'agent-unknown',
      `there is no agent \`${input.agent}\` in organization \`${input.organizationId}\`; \`gatehouse agents list\` shows those there are`,
    );
  const halt = await halts.read(input);
  if (halt?.halt === 'stopped') throw new GatehouseError('halted', `no run may start: ${describeHalt(halt)}`);
  const snapshot = compileSnapshot({
    organizationId: input.organizationId,
    agent,
    policies: await policies.listActive(input.organizationId),
    mode: await policies.modeOf(input.organizationId),
    narrow: input.narrow,
  });
  // Ready before the first write is judged: until then a model has to answer and a repository to be cloned.
  void warmParserFor(snapshot);
  const payload = {
    prompt: input.prompt,
    systemPrompt: snapshot.systemPrompt,
    policyDigest: snapshot.digest,
  };
  if (Buffer.byteLength(JSON.stringify(payload)) > MAX_PAYLOAD_BYTES)
    throw new GatehouseError(
      'prompt-too-large',
      `prompt, system prompt and policies together are over ${MAX_PAYLOAD_BYTES} bytes`,
    );
  const { id, ...content } = snapshot;
  await snapshots.save(snapshot);
  await artifacts.put(canonicalJson(content));
  await runs.create({ ...input, snapshotId: id });
  const script = scriptOf(snapshot.model);
  await access.give(input.runId, script === null ? [id] : [id, script]);
  return {
    payload,
    snapshot: id,
    tier: tierName(snapshot.permissions.tier),
    model: snapshot.model,
    budget: snapshot.budget,
    onBudget: snapshot.settings.onBudget,
    waitForPeopleMs,
    channel,
    isEncrypted,
    ...(halt ? { halt } : {}),
    people: await organizations.peopleOf(input.organizationId),
  };
}
