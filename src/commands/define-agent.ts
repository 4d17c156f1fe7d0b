import { basename } from 'node:path';
import type { ArtifactStore } from '../artifacts/artifact-store';
import type { Agent } from '../domain/agent';
import { GatehouseError, publicMessage } from '../domain/errors';
import { parseScript } from '../model/script';
import { parseAgent } from '../policy/agent-file';
import { parseTools } from '../policy/tools-file';
import { catalogueOf } from '../tools/catalogue';

/** An agent as it comes over the network: what an agent file says, with nothing to be read beside it. */
export interface AgentDefinition {
  /** The keys of an agent file but `tools`. */
  definition: Record<string, unknown>;
  /** What tools files say. */
  tools?: readonly unknown[];
  /** The text of the script that a scripted model follows. */
  script?: string;
}

const SCRIPTED = /^scripted:(.+)$/;
const PINNED = /@[0-9a-f]{64}$/;

/**
 * Reads an agent that somebody far away defines. No file is read that it names.
 *
 * @throws GatehouseError `agent-file-invalid`, `tools-file-invalid`, naming every problem; `script-missing`
 */
export async function defineAgent(
  { definition, tools = [], script }: AgentDefinition,
  artifacts: Pick<ArtifactStore, 'put'>,
): Promise<Agent> {
  const text = JSON.stringify({ ...definition, tools: tools.length > 0 ? ['tools'] : [] });
  const agent = parseAgent(text, {
    file: 'agent',
    readTools: () => parseTools(JSON.stringify(tools), 'tools'),
  });
  try {
    catalogueOf(agent.tools);
  } catch (cause) {
    throw new GatehouseError('agent-file-invalid', `agent: ${publicMessage(cause)}`, { cause });
  }
  const name = SCRIPTED.exec(agent.model)?.[1];
  if (name === undefined || (script === undefined && PINNED.test(name))) return agent;
  if (script === undefined)
    throw new GatehouseError('script-missing', 'a scripted model needs its script: send it as `script`');
  readScript(script, basename(name));
  return { ...agent, model: `scripted:${basename(name)}@${await artifacts.put(script)}` };
}

function readScript(script: string, name: string): void {
  try {
    parseScript(script, name);
  } catch (cause) {
    throw new GatehouseError(
      'agent-file-invalid',
      `agent: its script cannot be read: ${cause instanceof Error ? cause.message : ''}`,
      { cause },
    );
  }
}
