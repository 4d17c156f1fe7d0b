import { z } from 'zod';
import { parseStrictJson } from '../domain/canonical-json';
import { effects } from '../domain/effect';
import { GatehouseError, publicMessage } from '../domain/errors';
import { normalizeToolName } from '../domain/permissions';
import type { ToolDeclaration } from '../domain/tool-declaration';
import { credentialArguments } from '../tools/credentials';
import { toolOf } from '../tools/declared';
import { readText } from './read-text';
import { problemsError, readYaml } from './yaml-problems';

/**
 * Reads a file of the user's own tools: a YAML list, or JSON lines.
 *
 * @throws GatehouseError `tools-file-invalid`, naming file and line of every problem
 */
export function readToolsFile(path: string): ToolDeclaration[] {
  return parseTools(readText(path, { what: 'a tools file', code: 'tools-file-invalid' }), path);
}

/** As {@link readToolsFile}, of a text; a text that begins with `{` is JSON lines. */
export function parseTools(text: string, file: string): ToolDeclaration[] {
  const source = { file, text, code: 'tools-file-invalid' };
  const tools = text.trimStart().startsWith('{')
    ? jsonLines(text, file)
    : readYaml(source, z.array(declaration));
  const names = new Map<string, string>();
  for (const { name } of tools) {
    const same = names.get(normalizeToolName(name));
    if (same !== undefined)
      throw new GatehouseError(
        'tools-file-invalid',
        `${file}: \`${same}\` and \`${name}\` are one name for two tools`,
      );
    names.set(normalizeToolName(name), name);
  }
  return tools;
}

const declaration = z
  .strictObject({
    name: z.string().regex(/^[\w.-]{1,128}$/, 'must be letters, digits, `_`, `-` or `.`'),
    description: z.string().default(''),
    effect: z.enum(effects).optional(),
    parameters: z.record(z.string(), z.unknown()),
    sensitive: z.array(z.string()).optional(),
    budget: z.enum(['pipelineRun', 'credentialRequest']).optional(),
    idempotent: z.boolean().optional(),
    command: z.array(z.string()).min(1).optional(),
    credential: credentialArguments.optional(),
  })
  .superRefine((tool, context) => {
    const problem = problemOf(tool);
    if (problem) context.addIssue({ code: 'custom', path: ['parameters'], message: problem });
  }) satisfies z.ZodType<ToolDeclaration>;

/** What would keep the tool from being used, or null. */
function problemOf(tool: ToolDeclaration): string | null {
  try {
    toolOf(tool);
    return null;
  } catch (error) {
    return publicMessage(error);
  }
}

function jsonLines(text: string, file: string): ToolDeclaration[] {
  const problems: { line: number; text: string }[] = [];
  const tools: ToolDeclaration[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    try {
      parseStrictJson(line);
      // JSON is YAML, and so its problems are named as those of YAML are.
      tools.push(
        readYaml({ file, text: line, firstLine: index + 1, code: 'tools-file-invalid' }, declaration),
      );
    } catch (error) {
      if (!(error instanceof GatehouseError)) throw error;
      if (error.code === 'json-malformed') problems.push({ line: index + 1, text: error.message });
      else problems.push({ line: index + 1, text: error.message.replaceAll(`${file}:${index + 1}: `, '') });
    }
  }
  if (problems.length > 0) throw problemsError({ file, code: 'tools-file-invalid' }, problems);
  return tools;
}
