import { basename } from 'node:path';
import { LRUCache } from 'lru-cache';
import type { ArtifactStore } from '../artifacts/artifact-store';
import type { Agent } from '../domain/agent';
import { GatehouseError } from '../domain/errors';
import { readText } from '../policy/read-text';
import { parseScript, type Script } from './script';

/** Finds a script by what follows `scripted:` in a stored agent's model. */
export type ScriptSource = (name: string, artifacts: Pick<ArtifactStore, 'get'>) => Promise<Script>;

const PREFIX = 'scripted:';
const PINNED = /^(.+)@([0-9a-f]{64})$/;
const MAX_CACHED = 100;

/**
 * An agent whose scripted model is kept by content: `scripted:/folder/demo.yaml` becomes `scripted:demo.yaml@<sha-256>`.
 * So a run follows the script it was started with, and the runner reads no file that an agent names. Other agents come
 * back as they are.
 *
 * @throws GatehouseError `script-missing`; ScriptMalformedError naming the line
 */
export async function pinScript(agent: Agent, artifacts: ArtifactStore): Promise<Agent> {
  if (!agent.model.startsWith(PREFIX)) return agent;
  const path = agent.model.slice(PREFIX.length);
  if (PINNED.test(path)) return agent;
  const name = basename(path);
  const text = readText(path, { what: `the script of agent \`${agent.name}\``, code: 'script-missing' });
  parseScript(text, name);
  return { ...agent, model: `${PREFIX}${name}@${await artifacts.put(text)}` };
}

/** Hash of the script that a pinned model is, or null for another. */
export function scriptOf(model: string): string | null {
  return model.startsWith(PREFIX) ? (PINNED.exec(model.slice(PREFIX.length))?.[2] ?? null) : null;
}

/** Scripts from the artifacts that a run may read. */
export function createScriptSource(): ScriptSource {
  const parsed = new LRUCache<string, Script>({ max: MAX_CACHED });
  return async (pinned, artifacts) => {
    const [, name, hash] = PINNED.exec(pinned) ?? [];
    if (!name || !hash)
      throw new GatehouseError(
        'model-unknown',
        `script \`${pinned}\` was not stored with its agent; apply the agent file again`,
      );
    const known = parsed.get(pinned);
    if (known) return known;
    const script = parseScript(Buffer.from(await artifacts.get(hash)).toString('utf8'), name);
    parsed.set(pinned, script);
    return script;
  };
}
