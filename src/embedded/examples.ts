import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactStore } from '../artifacts/artifact-store';
import type { Agent } from '../domain/agent';
import { canonicalJson } from '../domain/canonical-json';
import { GatehouseError } from '../domain/errors';
import { sha256 } from '../domain/hashing';
import { withTests } from '../policy/check/policy-tests';
import { readFiledPolicy } from '../policy/policy-folder';
import type { AgentStore } from '../store/agent-store';
import type { PolicyStore } from '../store/policy-store';
import { importAgent } from './import-agent';

export interface ExampleOptions {
  dataDir: string;
  organizationId: string;
  artifacts: ArtifactStore;
  agents: AgentStore;
  policies: PolicyStore;
  /** @default the `examples` of this release */
  folder?: string;
}

const EXAMPLES = join(__dirname, '../../examples');

/**
 * Puts the example agents and policies into an organization. What a person has changed since stays as it is; an example
 * that only the release changed is brought up to date; a policy is published once.
 */
export async function applyExamples(options: ExampleOptions): Promise<void> {
  const { dataDir, organizationId, artifacts, agents, policies, folder = EXAMPLES } = options;
  const file = join(dataDir, 'examples.json');
  const ours = await readHashes(file);
  for (const path of await filesIn(join(folder, 'agents'), '.yaml')) {
    const agent = await importAgent(path, artifacts);
    const stored = await agents.get(organizationId, agent.name);
    if (stored && ours[agent.name] !== hashOf(stored)) continue;
    await agents.apply(organizationId, agent, 'gatehouse');
    ours[agent.name] = hashOf(agent);
  }
  for (const path of await filesIn(join(folder, 'policies'), '.md')) {
    const policy = withTests(readFiledPolicy(path));
    const key = `policy: ${policy.name}`;
    // One that was published before is a person's to change, switch off or remove.
    if (ours[key] !== undefined) continue;
    await policies.publish(organizationId, policy, 'gatehouse').catch(ignoreTaken);
    ours[key] = sha256(policy.content);
  }
  await writeFile(`${file}.new`, `${JSON.stringify(ours, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

function ignoreTaken(error: unknown): void {
  if (!(error instanceof GatehouseError) || error.code !== 'policy-version-taken') throw error;
}

async function filesIn(folder: string, ending: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(folder, name));
}

function hashOf(agent: Agent): string {
  return sha256(canonicalJson(JSON.parse(JSON.stringify(agent))));
}

/** Hash of each example as it was applied last, by name. */
async function readHashes(file: string): Promise<Record<string, string>> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return {};
  }
}
