import type { Agent } from '../domain/agent';
import { GatehouseError } from '../domain/errors';
import { normalizeToolName } from '../domain/permissions';
import { readAgentFile } from '../policy/agent-file';
import { createOfflineJudge, type OfflineJudge } from '../policy/offline-judge';
import { type FiledPolicy, readPolicyFolder } from '../policy/policy-folder';
import { refuseBrokenRules } from '../policy/rule-problems';
import { readToolsFile } from '../policy/tools-file';
import { readInput } from './bad-input';

/** The files that commands without a server judge by. */
export interface JudgedByOptions {
  agent: string;
  policies?: string;
  tools?: string;
}

export interface JudgedBy {
  agent: Agent;
  policies: FiledPolicy[];
  judge: OfflineJudge;
}

/** Reads agent, policies and tools files. @throws BadInputError for what is wrong in them */
export function judgedBy({
  agent: agentFile,
  policies: folder,
  tools: toolsFile,
}: JudgedByOptions): JudgedBy {
  return readInput(() => {
    const agent = withTools(readAgentFile(agentFile), toolsFile);
    const policies = folder === undefined ? [] : readPolicyFolder(folder);
    const judge = createOfflineJudge({ agent, policies });
    refuseBrokenRules(policies, judge.tools.values());
    return { agent, policies, judge };
  });
}

/** An agent with the tools of one more file. */
export function withTools(agent: Agent, toolsFile: string | undefined): Agent {
  if (toolsFile === undefined) return agent;
  const declared = readToolsFile(toolsFile);
  const own = new Set(agent.tools.map(({ name }) => normalizeToolName(name)));
  const twice = declared.find(({ name }) => own.has(normalizeToolName(name)));
  if (twice)
    throw new GatehouseError(
      'tools-file-invalid',
      `${toolsFile}: a tools file of the agent declares \`${twice.name}\` already`,
    );
  return { ...agent, tools: [...agent.tools, ...declared] };
}
