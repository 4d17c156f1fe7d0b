import { z } from 'zod';
import { defineTool } from './define-tool';

/** Asks a person; the workflow carries it out. */
export const askUser = defineTool({
  name: 'ask-user',
  description:
    'Ask the person who watches this run, and wait for the answer (up to 24 hours). Give options where the choice is small.',
  parameters: z.strictObject({
    question: z
      .string()
      .trim()
      .min(1)
      .max(4000)
      .describe('One question, with what a person needs to know to answer.'),
    options: z
      .array(z.string().trim().min(1).max(500))
      .min(1)
      .max(20)
      .optional()
      .describe('Answers to choose from.'),
  }),
  judge: () => ({ effect: 'read', marks: [] }),
  sensitive: [],
  idempotent: true,
  needsWorkspace: false,
});
