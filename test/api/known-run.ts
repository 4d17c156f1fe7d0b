import type { Harness } from '../support/run-harness';
import { call, DEPLOY_TOOL } from '../support/scripted-agent';
import type { TestRun } from '../support/test-run';
import type { ApiFixture } from './fixture';

/** One of everything that a request can name, in the local organization. */
export interface KnownThings {
  run: TestRun;
  approvalId: string;
  actionHash: string;
  questionId: string;
  agent: string;
  policy: string;
  person: string;
  thumbprint: string;
  apiKeyId: string;
  webhookId: string;
  breakGlassId: string;
}

/** A secret of the local organization's: must reach nobody else. */
export const MARK = 'only-for-local-eyes';

/** Makes one of everything: a run that waits for a decision and another that waits for an answer among them. */
export async function makeKnownThings(gatehouse: Harness, http: ApiFixture): Promise<KnownThings> {
  const agent = await gatehouse.agent(
    { name: `${MARK}-agent`, tier: 'PROD_GATED', tools: [DEPLOY_TOOL], systemPrompt: MARK },
    [{ calls: [call('deploy', { to: MARK })] }, { say: 'done' }],
  );
  const asker = await gatehouse.agent({ name: `${MARK}-asker` }, [
    { calls: [call('ask-user', { question: MARK })] },
    { say: 'done' },
  ]);
  const run = await gatehouse.start({ agent, prompt: MARK });
  const asking = await gatehouse.start({ agent: asker, prompt: MARK });
  const [approval] = await run.approvals();
  const { id: questionId } = await asking.question();
  const policy = `${MARK} policy`;
  await http.json('/v1/policies/publications', 200, {
    body: {
      policies: [{ file: 'known.md', content: `---\nname: ${policy}\nversion: 1\n---\n- Be careful\n` }],
    },
  });
  const person = `${MARK}-person`;
  await http.json(`/v1/people/${person}`, 200, { method: 'PUT', body: { roles: ['approver'] } });
  const keyed = await http.json(`/v1/people/${person}/keys`, 201, {
    body: { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' },
  });
  const made = await http.json('/v1/keys', 201, { body: { name: MARK, person, roles: ['service'] } });
  const hooked = await http.json('/v1/webhooks', 201, { body: { url: `https://hooks.invalid/${MARK}` } });
  const asked = await http.json('/v1/break-glass', 201, { body: { reason: MARK } });
  return {
    run,
    approvalId: approval!.id,
    actionHash: approval!.actionHash,
    questionId,
    agent,
    policy,
    person,
    thumbprint: keyed.keys[0].thumbprint,
    apiKeyId: made.apiKey.id,
    webhookId: hooked.webhook.id,
    breakGlassId: asked.id,
  };
}

/** Fills the path of a route with what exists. */
export function knownPath(path: string, things: KnownThings): string {
  const [, , collection] = path.split('/');
  const byCollection: Record<string, string> = {
    runs: things.run.runId,
    approvals: things.approvalId,
    keys: things.apiKeyId,
    agents: things.agent,
    policies: things.policy,
    people: things.person,
    webhooks: things.webhookId,
    'break-glass': things.breakGlassId,
  };
  return path
    .replace(/\{(id|name)\}/, encodeURIComponent(byCollection[collection ?? ''] ?? ''))
    .replace('{thumbprint}', things.thumbprint);
}

/** Bodies that each route accepts, naming what exists. */
export function knownBody(title: string, things: KnownThings): unknown {
  const { actionHash, approvalId, questionId, agent } = things;
  const policies = { policies: [{ file: 'a.md', content: '---\nname: A\nversion: 1\n---\n- Be careful\n' }] };
  const bodies: Record<string, unknown> = {
    'POST /v1/runs': { agent, prompt: 'Do it.' },
    'POST /v1/runs/{id}/answers': { questionId, answer: 'yes' },
    'POST /v1/runs/{id}/top-ups': { budget: { maxTurns: 1 } },
    'POST /v1/approvals/{id}/decisions': { decision: 'approve', actionHash },
    'POST /v1/approvals/decisions': { decisions: [{ approvalId, decision: 'approve', actionHash }] },
    'POST /v1/policies/publications': policies,
    'POST /v1/policies/simulations': policies,
    'POST /v1/policies/coverage': policies,
    'PUT /v1/agents/{name}': { definition: { name: agent, tier: 'OBSERVE' } },
    'PUT /v1/people/{name}': { roles: [] },
    'POST /v1/people/{name}/keys': { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) },
    'POST /v1/webhooks': { url: 'https://hooks.example/' },
    'POST /v1/break-glass': { reason: 'an emergency' },
    'POST /v1/agents/{name}/pause': { reason: 'a freeze' },
    'POST /v1/agents/{name}/stop': { reason: 'a freeze' },
    'POST /v1/organization/pause': { reason: 'a freeze' },
    'POST /v1/organization/stop': { reason: 'a freeze' },
    'POST /v1/keys': { name: 'another', person: 'another' },
  };
  return bodies[title] ?? {};
}
