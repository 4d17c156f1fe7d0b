import fc from 'fast-check';
import type { Agent } from '../../src/domain/agent';
import { verdicts } from '../../src/domain/decision';
import type { CustomPolicy, PolicySnapshot } from '../../src/domain/policy';
import type { AutonomyTier } from '../../src/domain/tier';
import { judge } from '../../src/policy/judge';
import { compileSnapshot } from '../../src/policy/snapshot';
import { builtInTools } from '../../src/tools/catalogue';
import { AT, agent, facts, toolsWith } from './fixture';

export type Call = readonly [tool: string, args: Record<string, unknown>];

/** One and more of every kind of tool, so that every layer has something to say. */
export const CALLS: readonly Call[] = [
  ['read-file', { path: 'main.tf' }],
  ['read-file', { path: 'keys/server.pem', offset: 3 }],
  ['search-files', { pattern: 'TODO', path: 'modules', limit: 5 }],
  ['ask-user', { question: 'Which?', options: ['one', 'two'] }],
  ['propose-change', { title: 'Encrypt', text: 'All of it' }],
  ['write-file', { path: 'main.tf', content: 'resource "aws_s3_bucket" "b" {}\n' }],
  ['write-file', { path: '.git/config', content: '' }],
  ['git-push', { branch: 'main', force: true }],
  ['git-push', { branch: 'feature' }],
  ['create-pr', { title: 'Encrypt', body: 'All', reviewers: ['ann', 'eve'] }],
  ['cloud-credentials', { account: 'shop', role: 'reader', scope: 'read' }],
  ['cloud-credentials', { account: 'shop', role: 'admin', scope: 'write' }],
  ['terraform-apply', { path: 'stage', workspace: 'shop' }],
  ['kubectl-apply', { path: 'app.yaml', context: 'prod', namespace: 'shop' }],
  ['trigger-pipeline', { pipeline: 'deploy', ref: 'main' }],
  ['run-command', { command: 'ls -la src', cwd: 'src' }],
  ['run-command', { command: 'rm -rf build && kubectl delete ns shop', timeoutMs: 5_000 }],
  ['probe', { effect: 'production', marks: ['network'], flags: ['productionAccess'] }],
  ['no-such-tool', { a: 1, b: [2, { c: 3 }] }],
];
export const call = fc.constantFrom(...CALLS);
export const tier = fc.constantFrom(0, 1, 2, 3, 4) as fc.Arbitrary<AutonomyTier>;
export const names = fc.subarray([...builtInTools.keys(), 'probe']);
const flag = fc.option(fc.boolean(), { nil: undefined });
export const agents: fc.Arbitrary<Partial<Agent>> = fc.record({
  tier,
  allowedTools: fc.option(names, { nil: undefined }),
  deniedTools: fc.option(fc.subarray(['write-file', 'git_push', 'runCommand']), { nil: undefined }),
  requiresApproval: fc.record({ prCreation: flag, credentialRequest: flag, productionAccess: flag }),
  grounding: fc.constantFrom('ask', 'deny', 'off'),
  protectedPaths: fc.subarray(['modules/', '*.tf']),
  protectedContexts: fc.subarray(['prod']),
});
export const prompt = fc.constantFrom('Fix it.', 'Ask ann about shop, as reader, on feature.', '');

/** Rules that forbid, ask, permit, fail and cannot be read. */
const RULES = [
  'forbid (principal, action, resource);',
  '@ask("look at it") forbid (principal, action, resource);',
  'permit (principal, action, resource);',
  'forbid (principal, action, resource) when { context.nothing.like == "this" };',
  'forbid (principal, ',
];
export const policies: fc.Arbitrary<CustomPolicy[]> = fc.subarray(RULES).map((chosen) =>
  chosen.map((rule, index) => ({
    id: `p${index}`,
    name: `Policy ${index}`,
    content: `Prose.\n\`\`\`cedar\n${rule}\n\`\`\`\n`,
    isActive: true,
    version: 1,
    organizationId: 'org-1',
  })),
);

export const builtIn = toolsWith();

/** As a policy that cannot be compiled is met by the gate: no snapshot, nothing allowed. */
export function compiled(parts: Partial<Agent>, active: readonly CustomPolicy[] = []): PolicySnapshot {
  return compileSnapshot({ organizationId: 'org-1', agent: agent(parts), policies: active });
}

export function decide(
  text: { tool: string; args: string },
  snapshot: PolicySnapshot,
  said = 'Fix it.',
  find = builtIn,
) {
  const context = {
    runId: 'run-1',
    snapshot,
    facts: facts(),
    trusted: { prompt: said, answers: [] },
    now: AT,
  };
  return judge({ id: 'call-1', ...text }, context, find).decision;
}

export const rank = (verdict: string) => verdicts.indexOf(verdict as (typeof verdicts)[number]);
export const written = ([tool, args]: Call) => ({ tool, args: JSON.stringify(args) });
