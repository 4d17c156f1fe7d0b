import { z } from 'zod';
import { GatehouseError } from '../domain/errors';
import { normalizeToolName } from '../domain/permissions';
import type { ToolDeclaration } from '../domain/tool-declaration';
import { askUser } from './ask';
import { runCommand } from './command';
import { cloudCredentials } from './credentials';
import { toolOf } from './declared';
import { describeResource } from './describe';
import { listFiles, readFile, writeFile } from './files';
import { gitDiff, gitLog } from './git-read';
import { gitCommit, gitPush } from './git-write';
import { kubectlApply } from './kubernetes';
import { queryLogs } from './logs';
import { applyPatch } from './patch';
import { triggerPipeline } from './pipeline';
import { proposeChange } from './propose';
import { createPr } from './pull-request';
import { searchFiles } from './search';
import { startRun } from './start-run';
import { terraformApply, terraformPlan, terraformValidate } from './terraform';
import type { Tool } from './tool';
import { validate } from './validate';

/** The tools of this release, by name (POLICY §2). */
export const builtInTools: ReadonlyMap<string, Tool> = new Map(
  [
    readFile,
    listFiles,
    searchFiles,
    gitDiff,
    gitLog,
    describeResource,
    queryLogs,
    askUser,
    proposeChange,
    writeFile,
    applyPatch,
    gitCommit,
    gitPush,
    createPr,
    validate,
    terraformValidate,
    terraformPlan,
    runCommand,
    triggerPipeline,
    cloudCredentials,
    terraformApply,
    kubectlApply,
    startRun,
  ].map((tool) => [tool.name, tool]),
);

/**
 * The built-in tools and a user's own, by normalised name.
 *
 * @param sameName what a declared tool does that is named as a built-in one: `refuse` (a run) or `replace` (`policy eval`)
 * @throws GatehouseError `tool-declaration-invalid` for a declaration that cannot be used or a name that is taken
 */
export function catalogueOf(
  declarations: readonly ToolDeclaration[],
  sameName: 'refuse' | 'replace' = 'refuse',
): ReadonlyMap<string, Tool> {
  const catalogue = new Map(builtInTools);
  const declared = new Set<string>();
  for (const declaration of declarations) {
    const name = normalizeToolName(declaration.name);
    if (declared.has(name) || (sameName === 'refuse' && builtInTools.has(name)))
      throw new GatehouseError(
        'tool-declaration-invalid',
        `the tool \`${declaration.name}\` cannot be used: there is another tool of this name`,
      );
    declared.add(name);
    catalogue.set(name, toolOf(declaration));
  }
  return catalogue;
}

/** A tool by the name a model used, normalised; undefined when there is none. */
export function findTool(
  name: string,
  catalogue: ReadonlyMap<string, Tool> = builtInTools,
): Tool | undefined {
  return catalogue.get(normalizeToolName(name));
}

/** What a model is told of a tool. */
export interface ToolDescription {
  name: string;
  description: string;
  /** JSON Schema. */
  inputSchema: Record<string, unknown>;
}

/** Tools as models are told of them. */
export function describeForModel(tools: Iterable<Tool>): ToolDescription[] {
  return [...tools].map(({ name, description, parameters, inputSchema }) => ({
    name,
    description,
    inputSchema: inputSchema ?? schemaOf(parameters),
  }));
}

/** Of what is sent, so that arguments with a default need not be. */
function schemaOf(parameters: z.ZodType): Record<string, unknown> {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(parameters, { io: 'input' });
  return schema;
}
