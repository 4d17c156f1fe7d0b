import { z } from 'zod';
import { canonicalJson } from '../domain/canonical-json';
import { sha256 } from '../domain/hashing';
import { defineTool } from './define-tool';
import { succeeded } from './output';

/** Puts a suggestion on record for people; nothing is changed. */
export const proposeChange = defineTool({
  name: 'propose-change',
  description: 'Put a proposed change on record for people to read. Nothing in the workspace is changed.',
  parameters: z.strictObject({
    title: z.string().trim().min(1).max(200).describe('What should change, in one line.'),
    text: z.string().trim().min(1).max(20_000).describe('Why, and how.'),
    diff: z.string().max(200_000).optional().describe('The change as a unified diff.'),
  }),
  judge: () => ({ effect: 'propose', marks: [] }),
  sensitive: [],
  idempotent: true,
  needsWorkspace: false,
  async run(args) {
    const id = sha256(canonicalJson(args)).slice(0, 12);
    const diff = args.diff === undefined ? '' : `\n\n${args.diff}`;
    return succeeded(`proposal ${id} is on record: ${args.title}\n\n${args.text}${diff}`);
  },
});
