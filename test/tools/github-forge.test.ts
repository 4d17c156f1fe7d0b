import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Forge } from '../../src/tools/forge';
import { createGitHubForge } from '../../src/tools/github-forge';

interface Asked {
  method: string;
  path: string;
  authorization: string | undefined;
  body: Record<string, unknown>;
}

/** Speaks as GitHub's REST API documents: paths, status codes and bodies, for one repository. */
class GitHubServer {
  readonly asked: Asked[] = [];
  private readonly pulls: Record<string, unknown>[] = [];
  private readonly server: Server;

  constructor() {
    this.server = createServer(async (request, response) => {
      const { status, body } = this.answer(await readRequest(request));
      response
        .writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
        .end(JSON.stringify(body));
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answer(asked: Asked): { status: number; body: unknown } {
    this.asked.push(asked);
    const url = new URL(asked.path, 'http://github');
    if (asked.authorization !== 'Bearer good')
      return {
        status: 401,
        body: {
          message: 'Bad credentials',
          documentation_url: 'https://docs.github.com/rest',
          status: '401',
        },
      };
    const path = url.pathname.replace('/repos/acme/infra', '');
    if (path === url.pathname)
      return {
        status: 404,
        body: { message: 'Not Found', documentation_url: 'https://docs.github.com/rest', status: '404' },
      };
    switch (`${asked.method} ${path}`) {
      case 'GET ':
        return { status: 200, body: { id: 1, full_name: 'acme/infra', default_branch: 'trunk' } };
      case 'GET /pulls':
        return {
          status: 200,
          body: this.pulls.filter(
            (pull) => `acme:${(pull.head as { ref: string }).ref}` === url.searchParams.get('head'),
          ),
        };
      case 'POST /pulls':
        return this.create(asked.body);
      case 'POST /pulls/1/requested_reviewers':
        return { status: 201, body: { ...this.pulls[0], requested_reviewers: [{ login: 'ann' }] } };
      default:
        return { status: 500, body: { message: 'Server Error' } };
    }
  }

  private create({ title, body, head, base }: Record<string, unknown>) {
    if (this.pulls.some((pull) => (pull.head as { ref: string }).ref === head))
      return {
        status: 422,
        body: {
          message: 'Validation Failed',
          errors: [
            {
              resource: 'PullRequest',
              code: 'custom',
              message: `A pull request already exists for acme:${head}.`,
            },
          ],
          documentation_url: 'https://docs.github.com/rest/pulls/pulls#create-a-pull-request',
          status: '422',
        },
      };
    const number = this.pulls.length + 1;
    const pull = {
      id: number,
      number,
      state: 'open',
      title,
      body,
      html_url: `https://github.example/acme/infra/pull/${number}`,
      merged_at: null,
      head: { label: `acme:${head}`, ref: head, sha: '0'.repeat(40) },
      base: { label: `acme:${base}`, ref: base, sha: '1'.repeat(40) },
      requested_reviewers: [],
    };
    this.pulls.push(pull);
    return { status: 201, body: pull };
  }
}

async function readRequest(request: IncomingMessage): Promise<Asked> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    authorization: request.headers.authorization,
    body: text === '' ? {} : JSON.parse(text),
  };
}

let github: GitHubServer;
let token: string;
let forge: Forge;

beforeEach(async () => {
  github = new GitHubServer();
  token = 'good';
  forge = createGitHubForge({
    baseUrl: await github.listen(),
    repositoryOf: (runId) => ({
      owner: 'acme',
      name: runId === 'lost' ? 'lost' : 'infra',
      cloneUrl: 'https://github.example/acme/infra.git',
    }),
    token: async () => token,
  });
});
afterEach(() => github.close());

const request = { title: 'T', body: 'B', head: 'gatehouse/run1', base: 'trunk', reviewers: ['ann'] };

test('asks for the default branch and names the remote', async () => {
  expect(await forge.defaultBranch('run1')).toBe('trunk');
  expect(forge.remoteUrl('run1')).toBe('https://github.example/acme/infra.git');
  expect(github.asked[0]).toMatchObject({
    method: 'GET',
    path: '/repos/acme/infra',
    authorization: 'Bearer good',
  });
});

test('opens a pull request, asks its reviewers, and finds it by its head', async () => {
  expect(await forge.findPullRequest('run1', request.head)).toBeNull();
  const made = await forge.createPullRequest('run1', request);
  expect(made).toEqual({
    ...request,
    number: 1,
    state: 'open',
    url: 'https://github.example/acme/infra/pull/1',
  });
  expect(await forge.findPullRequest('run1', request.head)).toMatchObject({ number: 1, head: request.head });
  expect(github.asked.map(({ method, body }) => [method, body])).toEqual([
    ['GET', {}],
    ['POST', { title: 'T', body: 'B', head: request.head, base: 'trunk' }],
    ['POST', { reviewers: ['ann'] }],
    ['GET', {}],
  ]);
});

test('says why a second pull request of a branch is refused, and asks once', async () => {
  await forge.createPullRequest('run1', { ...request, reviewers: [] });
  const asked = github.asked.length;
  await expect(forge.createPullRequest('run1', request)).rejects.toMatchObject({
    code: 'forge-refused',
    message: expect.stringContaining('A pull request already exists for acme:gatehouse/run1'),
  });
  expect(github.asked.length).toBe(asked + 1);
});

test('a bad token, an unknown repository and a server that is gone are told apart, the token never', async () => {
  await expect(forge.defaultBranch('lost')).rejects.toMatchObject({ code: 'forge-not-found' });
  token = 'bad-token-value';
  const refused = await forge.defaultBranch('run1').catch((error: Error) => error);
  expect(refused).toMatchObject({ code: 'forge-unauthorized' });
  expect((refused as Error).message).not.toContain('bad-token-value');
  await github.close();
  await expect(forge.defaultBranch('run1')).rejects.toMatchObject({ code: 'forge-unavailable' });
});
