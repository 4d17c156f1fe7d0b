import { readFile } from 'node:fs/promises';
import type { ArtifactStore } from '../artifacts/artifact-store';
import type { Agent } from '../domain/agent';
import { GatehouseError, publicMessage } from '../domain/errors';
import { sha256 } from '../domain/hashing';
import { pinScript } from '../model/pinned-script';
import { readAgentFile } from '../policy/agent-file';
import { catalogueOf } from '../tools/catalogue';

/**
 * Reads an agent file as it is to be stored: the script of a scripted model is kept in the artifact store.
 *
 * @param artifacts null where the store is out of reach; agents with a script are then refused
 * @throws GatehouseError `agent-file-invalid`, `tools-file-invalid`, `script-missing`, `script-malformed`, with file and
 *   line; `artifacts-out-of-reach`
 */
export async function importAgent(file: string, artifacts: ArtifactStore | null): Promise<Agent> {
  const agent = readUsableAgent(file);
  if (artifacts) return pinScript(agent, artifacts);
  if (!agent.model.startsWith('scripted:')) return agent;
  throw new GatehouseError(
    'artifacts-out-of-reach',
    `${file}: a scripted model is kept in the data folder of \`gatehouse up\`, which this stack does not have; choose another model`,
  );
}

/** Reads an agent file with everything it names, and stores nothing. @throws as {@link importAgent} */
export async function checkAgentFile(file: string): Promise<Agent> {
  const agent = readUsableAgent(file);
  await pinScript(agent, { put: async (content) => sha256(content), get: (hash) => readFile(hash) });
  return agent;
}

/** In a run a tool of the user's own does not take the place of a built-in one. */
function readUsableAgent(file: string): Agent {
  const agent = readAgentFile(file);
  try {
    catalogueOf(agent.tools);
  } catch (cause) {
    throw new GatehouseError('agent-file-invalid', `${file}: ${publicMessage(cause)}`, { cause });
  }
  return agent;
}
