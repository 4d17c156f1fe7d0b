/** Where branches are pushed and pull requests opened. */
export interface Forge {
  readonly kind: 'local' | 'github';
  /** Argument of `git push` inside the sandbox. */
  remoteUrl(runId: string): string;
  /** The branch the remote's HEAD names; always protected. */
  defaultBranch(runId: string): Promise<string>;
  createPullRequest(runId: string, request: NewPullRequest): Promise<PullRequest>;
  /** By head branch, so that a repeated create-pr finds the first one. */
  findPullRequest(runId: string, head: string): Promise<PullRequest | null>;
}

export interface NewPullRequest {
  title: string;
  body: string;
  head: string;
  base: string;
  reviewers: string[];
}

export interface PullRequest extends NewPullRequest {
  number: number;
  state: 'open' | 'merged' | 'closed';
  /** Where a person can look at it. */
  url: string;
}
