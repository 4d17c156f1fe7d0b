import { z } from 'zod';
import { readText } from './read-text';
import { splitRules } from './rule-blocks';
import { problemsError, readYaml } from './yaml-problems';

/** A policy as its file has it. */
export interface PolicyFile {
  name: string;
  version: number;
  /** What follows the front matter, byte for byte. */
  content: string;
  /** The table of cases beside it (YAML), where it is known. */
  tests?: string;
}

/**
 * Reads a policy file: Markdown behind front matter.
 *
 * @throws GatehouseError `policy-file-invalid`, naming file and line of every problem
 */
export function readPolicyFile(path: string): PolicyFile {
  return parsePolicy(readText(path, { what: 'a policy file', code: 'policy-file-invalid' }), path);
}

/** As {@link readPolicyFile}, of a text. `file` is shown in messages. */
export function parsePolicy(text: string, file: string): PolicyFile {
  const code = 'policy-file-invalid';
  const found = /^\uFEFF?---[ \t]*\r?\n([\s\S]*?)^---[ \t]*(\r?\n|$)/m.exec(text);
  if (found?.index !== 0)
    throw problemsError({ file, code }, [
      { line: 1, text: 'must begin with front matter: `name` and `version` between two lines of `---`' },
    ]);
  const [head, frontMatter = ''] = found;
  const { name, version } = readYaml({ file, text: frontMatter, firstLine: 2, code }, schema);
  const content = text.slice(head.length);
  const headLines = head.split('\n').length - 1;
  const problems = splitRules(content)
    .blocks.filter((block) => !block.isClosed)
    .map((block) => ({ line: headLines + block.line, text: 'this `cedar` block is not closed' }));
  if (content.includes('\0')) problems.push({ line: headLines + 1, text: 'the text holds a NUL character' });
  if (content.trim() === '') problems.push({ line: headLines + 1, text: 'the policy says nothing' });
  if (problems.length > 0) throw problemsError({ file, code }, problems);
  return { name, version, content };
}

const schema = z.strictObject({
  name: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .regex(/^[^\p{Cc}]*$/u, 'must be one line of text'),
  version: z.number().int().positive().max(2_147_483_647),
});
