import path from 'node:path';
import { z } from 'zod';
import { type Agent, DEFAULT_PROTECTED_BRANCHES } from '../domain/agent';
import { GatehouseError } from '../domain/errors';
import { normalizeToolName } from '../domain/permissions';
import { AutonomyTier, tierNames } from '../domain/tier';
import type { ToolDeclaration } from '../domain/tool-declaration';
import { unknownSensitive } from '../tools/unknown-sensitive';
import { readText } from './read-text';
import { readToolsFile } from './tools-file';
import { readYaml } from './yaml-problems';

/** The model of an agent whose file names none: enough to check and judge, and refused when a turn is asked for. */
export const NO_MODEL = 'none';

/**
 * Reads an agent file (YAML). Tools files and model scripts are named relative to it.
 *
 * @throws GatehouseError `agent-file-invalid`, `tools-file-invalid`, naming file and line of every problem
 */
export function readAgentFile(file: string): Agent {
  const text = readText(file, { what: 'an agent file', code: 'agent-file-invalid' });
  const beside = (name: string) => path.resolve(path.dirname(file), name);
  const agent = parseAgent(text, { file, readTools: (name) => readToolsFile(beside(name)) });
  const script = /^scripted:(.+)$/.exec(agent.model)?.[1];
  return script === undefined ? agent : { ...agent, model: `scripted:${beside(script)}` };
}

/** As {@link readAgentFile}, of a text. `file` is shown in messages. */
export function parseAgent(
  text: string,
  { file, readTools }: { file: string; readTools(name: string): ToolDeclaration[] },
): Agent {
  const {
    tier,
    tools: toolsFiles,
    ...given
  } = readYaml({ file, text, code: 'agent-file-invalid' }, agentFile);
  const tools = toolsFiles.flatMap(readTools);
  const names = tools.map((tool) => normalizeToolName(tool.name));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw new GatehouseError('agent-file-invalid', `${file}: two tools files declare \`${twice}\``);
  for (const tool of tools) {
    const unknown = unknownSensitive(tool);
    if (unknown !== null)
      throw new GatehouseError(
        'agent-file-invalid',
        `${file}: \`sensitive\` of the tool \`${tool.name}\` names \`${unknown}\`, which is none of its parameters`,
      );
  }
  return { ...given, tier: AutonomyTier[tier], tools };
}

const names = z.array(z.string().min(1));
const limit = z.number().int().positive();
const flag = z.boolean().optional();

const agentFile = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9][\w.-]{0,62}$/, 'must be letters, digits, `_`, `-` or `.`, at most 63'),
  tier: z.enum(tierNames),
  model: z
    .string()
    .regex(/^[^\s:]+:\S+$/, 'must be `provider:model`')
    .default(NO_MODEL),
  systemPrompt: z.string().default(''),
  allowedTools: names.optional(),
  deniedTools: names.optional(),
  requiresApproval: z
    .strictObject({ prCreation: flag, credentialRequest: flag, productionAccess: flag })
    .optional(),
  budget: z
    .strictObject({
      maxTurns: limit,
      maxTokens: limit,
      maxToolCalls: limit,
      maxDurationMs: limit,
      maxPipelineRuns: limit,
      maxCredentialRequests: limit,
    })
    .partial()
    .default({}),
  grounding: z.enum(['ask', 'deny', 'off']).default('ask'),
  trustedTools: names.default([]),
  protectedBranches: names.default(DEFAULT_PROTECTED_BRANCHES),
  protectedPaths: names.default([]),
  protectedContexts: names.default([]),
  network: names.default([]),
  onAsk: z.enum(['wait', 'refuse']).default('wait'),
  onBudget: z.enum(['fail', 'topUp']).default('fail'),
  validate: names.min(1).nullable().default(null),
  tools: names.default([]),
});
