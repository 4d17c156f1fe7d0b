import { LRUCache } from 'lru-cache';
import type { ArtifactStore } from '../artifacts/artifact-store';
import { canonicalJson } from '../domain/canonical-json';
import type { CustomPolicy, PolicySnapshot } from '../domain/policy';
import type { PolicyFile } from '../policy/policy-file';
import { asPublished } from '../policy/policy-folder';
import { type Flip, type Simulation, simulateRun, type VoidedApproval } from '../policy/simulate';
import { compileSnapshot } from '../policy/snapshot';
import type { StoredRecordedRun } from '../store/recorded-runs';
import { createToolsOf } from '../tools/snapshot-tools';
import type { CommandDependencies } from './dependencies';
import { createAddContent } from './recorded-content';

export interface SimulateRequest {
  /** Runs that began earlier are left out, in milliseconds since the epoch. */
  since?: number;
  /** How many runs, the newest. Those that wait for an approval are looked at whatever their age. @default 200 */
  limit?: number;
  /** Where what calls left behind is read; without it, calls that rules about content judge count as unknown. */
  artifacts?: ArtifactStore | null;
}

/** What candidates would change, over the recorded runs. */
export interface PolicySimulation {
  /** Runs that were judged again. */
  runs: number;
  /** Runs that were not, because their agent is stored no more. */
  runsWithoutAgent: number;
  calls: number;
  /** How many calls would be decided otherwise than they were. */
  changed: number;
  /** How many of these the policies that are published now would decide so already. */
  changedAlready: number;
  /** Those calls, at most {@link MAX_LISTED}; long arguments are cut. */
  flips: (Flip & { isAlready: boolean })[];
  /** Approvals that wait for people and would become void. */
  voided: VoidedApproval[];
  /** How many calls could not be judged, because what they would have left behind is not known any more. */
  unknown: number;
}

/** Most calls that are listed one by one. */
export const MAX_LISTED = 1_000;
/** Longest arguments that are listed, in characters. */
const MAX_ARGS = 2_000;
const DEFAULT_RUNS = 200;

type Dependencies = Pick<CommandDependencies, 'organizationId' | 'agents' | 'policies' | 'recordedRuns'>;

/**
 * Judges the calls of recorded runs again, as if candidate policies were published: each takes the place of the policy
 * of its name, the organization's others stay, and agents are as they are now. Nothing is executed or written.
 */
export const createSimulatePolicies =
  ({ organizationId, agents, policies, recordedRuns }: Dependencies) =>
  async (
    candidates: readonly PolicyFile[],
    { since, limit = DEFAULT_RUNS, artifacts = null }: SimulateRequest = {},
  ): Promise<PolicySimulation> => {
    const published = await policies.listActive(organizationId);
    const sources = {
      organizationId,
      agents: new Map(
        (await agents.list(organizationId)).map(({ definition }) => [definition.name, definition]),
      ),
      mode: await policies.modeOf(organizationId),
    };
    const candidateOf = createSnapshots({
      ...sources,
      policies: withCandidates(published, candidates, organizationId),
    });
    const currentOf = createSnapshots({ ...sources, policies: published });
    const toolsOf = createToolsOf();
    const addContent = createAddContent(artifacts);
    const simulate = async (run: StoredRecordedRun, candidate: PolicySnapshot) => {
      const decisions = await addContent(run, candidate, toolsOf(candidate));
      return simulateRun({ ...run, candidate, decisions }, toolsOf);
    };

    const total = emptySimulation();
    for await (const run of recordedRuns.read({ organizationId, since, limit })) {
      const [candidate, current] = [candidateOf(run), currentOf(run)];
      if (candidate && current)
        addTo(total, await simulate(run, candidate), (await simulate(run, current)).flips);
      else total.runsWithoutAgent++;
    }
    return total;
  };

/** The organization's policies with candidates in the place of those of the same name. */
function withCandidates(
  stored: readonly CustomPolicy[],
  candidates: readonly PolicyFile[],
  organizationId: string,
): CustomPolicy[] {
  const replaced = new Set(candidates.map(({ name }) => name));
  return [...stored.filter(({ name }) => !replaced.has(name)), ...asPublished(candidates, organizationId)];
}

type SnapshotsSources = Omit<Parameters<typeof compileSnapshot>[0], 'agent' | 'narrow'> & {
  agents: ReadonlyMap<string, Parameters<typeof compileSnapshot>[0]['agent']>;
};

/** Compiles once for each agent and each way in which its runs were narrowed; null for an agent that is not stored. */
function createSnapshots({ agents, ...sources }: SnapshotsSources) {
  const compiled = new LRUCache<string, PolicySnapshot>({ max: 100 });
  return ({ agent: name, narrow }: StoredRecordedRun): PolicySnapshot | null => {
    const agent = agents.get(name);
    if (!agent) return null;
    const key = canonicalJson([name, narrow]);
    const known = compiled.get(key);
    if (known) return known;
    const snapshot = compileSnapshot({ ...sources, agent, narrow });
    compiled.set(key, snapshot);
    return snapshot;
  };
}

function emptySimulation(): PolicySimulation {
  return {
    runs: 0,
    runsWithoutAgent: 0,
    calls: 0,
    changed: 0,
    changedAlready: 0,
    flips: [],
    voided: [],
    unknown: 0,
  };
}

function addTo(
  total: PolicySimulation,
  { calls, flips, voided, unknown }: Simulation,
  flipsNow: readonly Flip[],
): void {
  const verdictsNow = new Map(flipsNow.map(({ callId, to }) => [callId, to]));
  const judged = flips.map((flip) => ({ ...flip, isAlready: verdictsNow.get(flip.callId) === flip.to }));
  total.runs++;
  total.calls += calls;
  total.changed += judged.length;
  total.changedAlready += judged.filter(({ isAlready }) => isAlready).length;
  total.flips.push(...judged.slice(0, MAX_LISTED - total.flips.length).map(withShortArgs));
  total.voided.push(...voided.map(withShortArgs));
  total.unknown += unknown.length;
}

function withShortArgs<Call extends { args: string }>(call: Call): Call {
  return call.args.length <= MAX_ARGS ? call : { ...call, args: `${call.args.slice(0, MAX_ARGS)}…` };
}
