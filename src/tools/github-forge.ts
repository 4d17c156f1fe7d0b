import { Octokit } from '@octokit/rest';
import { GatehouseError } from '../domain/errors';
import type { Forge, PullRequest } from './forge';

export interface GitHubForgeOptions {
  /** Such as `https://api.github.com` or `https://github.example.com/api/v3`. */
  baseUrl: string;
  /** The repository a run works on. */
  repositoryOf(runId: string): { owner: string; name: string; cloneUrl: string };
  /** Asked for at every request, so that a short-lived token is never kept. */
  token(): Promise<string>;
}

/** GitHub's REST API. Retries are Temporal's, so none happen here. */
export function createGitHubForge({ baseUrl, repositoryOf, token }: GitHubForgeOptions): Forge {
  const octokit = new Octokit({ baseUrl, log: SILENT, request: { retries: 0 } });
  octokit.hook.before('request', async (options) => {
    options.headers.authorization = `Bearer ${await token()}`;
  });
  const placeOf = (runId: string) => {
    const { owner, name } = repositoryOf(runId);
    return { owner, repo: name };
  };

  return {
    kind: 'github',
    remoteUrl: (runId) => repositoryOf(runId).cloneUrl,

    async defaultBranch(runId) {
      const place = placeOf(runId);
      const { data } = await named(
        `the repository \`${place.owner}/${place.repo}\``,
        octokit.repos.get(place),
      );
      return data.default_branch;
    },

    async createPullRequest(runId, { title, body, head, base, reviewers }) {
      const place = placeOf(runId);
      const { data } = await named(
        `a pull request from \`${head}\` to \`${base}\``,
        octokit.pulls.create({ ...place, title, body, head, base }),
      );
      if (reviewers.length > 0)
        await named(
          `reviewers of pull request #${data.number}`,
          octokit.pulls.requestReviewers({ ...place, pull_number: data.number, reviewers }),
        );
      return { ...pullRequestOf(data), reviewers };
    },

    async findPullRequest(runId, head) {
      const place = placeOf(runId);
      const { data } = await named(
        `the pull requests of \`${head}\``,
        octokit.pulls.list({ ...place, head: `${place.owner}:${head}`, state: 'all', per_page: 100 }),
      );
      const found = data.find(({ state }) => state === 'open') ?? data[0];
      return found === undefined ? null : pullRequestOf(found);
    },
  };
}

interface GitHubPullRequest {
  number: number;
  title: string;
  body?: string | null;
  state: string;
  merged_at?: string | null;
  html_url: string;
  head: { ref: string };
  base: { ref: string };
  requested_reviewers?: { login: string }[] | null;
}

function pullRequestOf(data: GitHubPullRequest): PullRequest {
  const open = data.state === 'open' ? 'open' : 'closed';
  return {
    number: data.number,
    title: data.title,
    body: data.body ?? '',
    head: data.head.ref,
    base: data.base.ref,
    reviewers: (data.requested_reviewers ?? []).map(({ login }) => login),
    state: data.merged_at ? 'merged' : open,
    url: data.html_url,
  };
}

/** Names what was asked for when GitHub refuses; its own words stay in the cause, but for what it found invalid. */
async function named<Result>(what: string, asked: Promise<Result>): Promise<Result> {
  try {
    return await asked;
  } catch (cause) {
    switch ((cause as { status?: number }).status) {
      case 401:
      case 403:
        throw new GatehouseError('forge-unauthorized', `GitHub does not let us have ${what}`, { cause });
      case 404:
        throw new GatehouseError('forge-not-found', `GitHub does not know ${what}`, { cause });
      case 422:
        throw new GatehouseError('forge-refused', `GitHub refused ${what}: ${reasonOf(cause)}`, { cause });
      default:
        throw new GatehouseError('forge-unavailable', `GitHub did not answer when asked for ${what}`, {
          cause,
        });
    }
  }
}

function reasonOf(cause: unknown): string {
  const data = (cause as { response?: { data?: { message?: string; errors?: { message?: string }[] } } })
    .response?.data;
  const details = (data?.errors ?? []).flatMap(({ message }) => message ?? []);
  return (details[0] ?? data?.message ?? 'it is not valid').split('\n')[0] ?? '';
}

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
