import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ArtifactStore } from '../../src/artifacts/artifact-store';
import { importAgent } from '../../src/embedded/import-agent';
import type { AgentStore } from '../../src/store/agent-store';
import { LOCAL_ORGANIZATION } from '../../src/store/organization-store';

/** One turn of a scripted model, as a script writes it. */
export type ScriptedTurn = Record<string, unknown>;

/** An agent file's keys; `tools` are declared in place. */
export type AgentDefinition = Record<string, unknown> & {
  name?: string;
  tier?: string;
  tools?: Record<string, unknown>[];
};

/** A user's own tool with effect `production`: every call of it asks. It prints what it was given. */
export const DEPLOY_TOOL = {
  name: 'deploy',
  description: 'Deploys.',
  effect: 'production',
  parameters: { type: 'object', properties: { to: { type: 'string' } } },
  sensitive: [],
  command: ['cat'],
};

/** One call as a script writes it. */
export const call = (tool: string, args: Record<string, unknown> = {}) => ({ tool, args });

export interface AgentApplier {
  /** Where agent, script and tools files are written. */
  folder: string;
  agents: AgentStore;
  artifacts: ArtifactStore;
}

/** Applies agents whose models say `turns`, through the same door as agent files. Each answers the agent's name. */
export function createAgentApplier({ folder, agents, artifacts }: AgentApplier) {
  let named = 0;
  mkdirSync(folder, { recursive: true });
  return async (
    { name = `agent-${++named}`, tier = 'DRAFT', tools = [], ...rest }: AgentDefinition,
    turns: ScriptedTurn[],
    organizationId = LOCAL_ORGANIZATION,
  ): Promise<string> => {
    const write = (ending: string, content: unknown) => {
      const file = join(folder, `${name}${ending}`);
      // JSON is YAML.
      writeFileSync(file, JSON.stringify(content));
      return file;
    };
    write('.script.yaml', { turns });
    write('.tools.yaml', tools);
    const file = write('.yaml', {
      name,
      tier,
      model: `scripted:${name}.script.yaml`,
      tools: tools.length > 0 ? [`${name}.tools.yaml`] : [],
      ...rest,
    });
    await agents.apply(organizationId, await importAgent(file, artifacts), 'tester');
    return name;
  };
}
