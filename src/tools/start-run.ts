import { z } from 'zod';
import { defineTool } from './define-tool';

/** Starts another agent's run and waits for its end; the run itself carries it out, see `workflows/child-run.ts`. */
export const startRun = defineTool({
  name: 'start-run',
  description:
    'Have another agent of the organization work on something, at most at this agent’s tier, and get its last words when it has ended. It sees this request and not this conversation, works on its own copy of the repository, and starts no further run.',
  parameters: z.strictObject({
    agent: z.string().min(1).max(200).describe('Name of the agent.'),
    prompt: z.string().trim().min(1).max(20_000).describe('What it shall do.'),
  }),
  judge: () => ({ effect: 'propose', marks: [] }),
  sensitive: ['agent'],
  idempotent: true,
  needsWorkspace: false,
});
