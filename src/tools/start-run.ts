import { z } from 'zod';
import { defineTool } from './define-tool';
import { failed } from './output';

/** Starts another agent's run; it is gated itself, at most at this run's tier. */
export const startRun = defineTool({
  name: 'start-run',
  description: 'Have another agent of the organization work on something, at most at this agent’s tier.',
  parameters: z.strictObject({
    agent: z.string().min(1).max(200).describe('Name of the agent.'),
    prompt: z.string().trim().min(1).max(20_000).describe('What it shall do.'),
  }),
  judge: () => ({ effect: 'propose', marks: [] }),
  sensitive: ['agent'],
  idempotent: true,
  needsWorkspace: false,
  async run(args) {
    return failed(`runs cannot be started from a run here; ask a person to start \`${args.agent}\``);
  },
});
