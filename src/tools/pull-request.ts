import { z } from 'zod';
import { defineTool } from './define-tool';
import type { PullRequest } from './forge';
import { succeeded } from './output';
import { branchArgument } from './refs';
import type { ToolOutput } from './tool';

const parameters = z.strictObject({
  title: z.string().trim().min(1).max(250).describe('What the change does, in one line.'),
  body: z
    .string()
    .max(60_000)
    .default('')
    .describe('What was changed, why, and how it was checked. Markdown.'),
  base: branchArgument
    .optional()
    .describe("Branch to merge into; absent means the repository's default branch."),
  reviewers: z
    .array(z.string().min(1).max(100))
    .max(20)
    .default([])
    .describe('Login names of people to review it.'),
});

/** Opens a pull request from the run's own branch. */
export const createPr = defineTool<z.infer<typeof parameters>>({
  name: 'create-pr',
  description: "Open a pull request from the run's own branch, which must be pushed before.",
  parameters,
  judge: () => ({ effect: 'draft', marks: [], approvalFlags: ['prCreation'] }),
  sensitive: ['base', 'reviewers'],
  idempotent: false,
  isTreeJudged: true,
  async run(args, { forge, runId, branch }) {
    // Opened before, by a call whose end was lost or by a person: a second one would only be refused.
    const existing = await forge.findPullRequest(runId, branch);
    if (existing?.state === 'open') return opened(existing, 'is open already');
    const base = args.base ?? (await forge.defaultBranch(runId));
    const request = { title: args.title, body: args.body, head: branch, base, reviewers: args.reviewers };
    return opened(await forge.createPullRequest(runId, request), 'is open');
  },
  async reconcile(_args, { forge, runId, branch }) {
    const existing = await forge.findPullRequest(runId, branch);
    return existing === null
      ? { kind: 'not-started' }
      : { kind: 'finished', output: opened(existing, `is ${existing.state}`) };
  },
});

function opened({ number, title, head, base, url }: PullRequest, state: string): ToolOutput {
  return succeeded(`pull request #${number} ${state}: ${title}\n${head} -> ${base}\n${url}`);
}
