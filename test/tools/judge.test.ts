import type { Effect, Mark } from '../../src/domain/effect';
import type { ApprovalFlag } from '../../src/domain/permissions';
import { builtInTools } from '../../src/tools/catalogue';
import { plainSettings } from '../support/tool-workspace';

interface Case {
  tool: string;
  args: unknown;
  effect: Effect;
  marks?: Mark[];
  flags?: ApprovalFlag[];
  /** `verdict rule` */
  findings?: string[];
}

const context = {
  runId: 'run1',
  branch: 'gatehouse/run1',
  settings: {
    ...plainSettings,
    protectedPaths: ['environments/production/', '*.lock'],
    protectedContexts: ['prod-*'],
  },
};
const patchOf = (path: string) => `--- a/${path}\n+++ b/${path}\n@@ -1 +1 @@\n-a\n+b\n`;

const cases: Case[] = [
  { tool: 'read-file', args: { path: 'main.tf' }, effect: 'read' },
  { tool: 'read-file', args: { path: './a/./b' }, effect: 'read' },
  { tool: 'read-file', args: { path: '.env' }, effect: 'read', marks: ['secret'] },
  { tool: 'read-file', args: { path: './deploy//.ENV' }, effect: 'read', marks: ['secret'] },
  { tool: 'read-file', args: { path: '.env.example' }, effect: 'read' },
  { tool: 'read-file', args: { path: 'keys/server.pem' }, effect: 'read', marks: ['secret'] },
  { tool: 'read-file', args: { path: '.ssh/config' }, effect: 'read', marks: ['secret'] },
  { tool: 'read-file', args: { path: 'terraform.tfstate' }, effect: 'read', marks: ['secret'] },
  { tool: 'read-file', args: { path: '/etc/passwd' }, effect: 'read', findings: ['deny path-escape'] },
  { tool: 'read-file', args: { path: 'a/../../b' }, effect: 'read', findings: ['deny path-escape'] },
  { tool: 'read-file', args: { path: 'a\0b' }, effect: 'read', findings: ['deny path-escape'] },
  {
    tool: 'read-file',
    args: { path: '.git/config' },
    effect: 'read',
    marks: ['secret'],
    findings: ['deny protected-path'],
  },
  { tool: 'list-files', args: {}, effect: 'read' },
  {
    tool: 'search-files',
    args: { pattern: 'x', path: '..' },
    effect: 'read',
    findings: ['deny path-escape'],
  },
  { tool: 'git-diff', args: {}, effect: 'read' },
  { tool: 'git-log', args: { path: '/x' }, effect: 'read', findings: ['deny path-escape'] },
  { tool: 'describe-resource', args: { address: 'a.b' }, effect: 'read' },
  { tool: 'query-logs', args: { path: 'logs/app.log' }, effect: 'read' },
  { tool: 'ask-user', args: { question: 'which?' }, effect: 'read' },
  { tool: 'propose-change', args: { title: 'x', text: 'y' }, effect: 'propose' },
  { tool: 'start-run', args: { agent: 'x', prompt: 'y' }, effect: 'propose' },
  { tool: 'write-file', args: { path: 'main.tf', content: '' }, effect: 'draft' },
  {
    tool: 'write-file',
    args: { path: 'environments/production/main.tf', content: '' },
    effect: 'draft',
    marks: ['catastrophic'],
    findings: ['deny protected-path'],
  },
  {
    tool: 'write-file',
    args: { path: 'x/.Git/hooks/pre-push', content: '' },
    effect: 'draft',
    marks: ['catastrophic'],
    findings: ['deny protected-path'],
  },
  { tool: 'write-file', args: { path: 'id_rsa', content: '' }, effect: 'draft', marks: ['secret'] },
  { tool: 'apply-patch', args: { patch: patchOf('main.tf') }, effect: 'draft' },
  {
    tool: 'apply-patch',
    args: { patch: patchOf('deep/x.lock') },
    effect: 'draft',
    marks: ['catastrophic'],
    findings: ['deny protected-path'],
  },
  { tool: 'apply-patch', args: { patch: patchOf('../x') }, effect: 'draft', findings: ['deny path-escape'] },
  { tool: 'apply-patch', args: { patch: 'rubbish' }, effect: 'draft', findings: ['deny patch-unreadable'] },
  {
    tool: 'apply-patch',
    args: { patch: '--- main.tf\n+++ main.tf\n@@ -1 +1 @@\n-a\n+b\n' },
    effect: 'draft',
    findings: ['deny patch-unreadable'],
  },
  {
    tool: 'apply-patch',
    args: { patch: 'diff --git a/x b/.git/y\nrename from x\nrename to .git/y\n' },
    effect: 'draft',
    marks: ['catastrophic'],
    findings: ['deny protected-path'],
  },
  { tool: 'git-commit', args: { message: 'x' }, effect: 'draft' },
  {
    tool: 'git-commit',
    args: { message: 'x', paths: ['../y'] },
    effect: 'draft',
    findings: ['deny path-escape'],
  },
  { tool: 'git-push', args: {}, effect: 'draft' },
  { tool: 'git-push', args: { branch: 'gatehouse/run1' }, effect: 'draft' },
  { tool: 'git-push', args: { branch: 'feature/x' }, effect: 'draft', findings: ['ask push-elsewhere'] },
  {
    tool: 'git-push',
    args: { branch: 'main' },
    effect: 'draft',
    marks: ['catastrophic'],
    findings: ['deny protected-branch'],
  },
  {
    tool: 'git-push',
    args: { branch: 'Main', force: true },
    effect: 'draft',
    marks: ['destructive', 'catastrophic'],
    findings: ['deny protected-branch'],
  },
  {
    tool: 'git-push',
    args: { branch: 'release/1.2' },
    effect: 'draft',
    marks: ['catastrophic'],
    findings: ['deny protected-branch'],
  },
  { tool: 'git-push', args: { branch: 'release/1/x' }, effect: 'draft', findings: ['ask push-elsewhere'] },
  { tool: 'git-push', args: { force: true }, effect: 'draft', marks: ['destructive'] },
  { tool: 'create-pr', args: { title: 'x' }, effect: 'draft', flags: ['prCreation'] },
  { tool: 'validate', args: {}, effect: 'draft' },
  { tool: 'terraform-validate', args: {}, effect: 'draft' },
  { tool: 'terraform-plan', args: { path: '/x' }, effect: 'sandbox', findings: ['deny path-escape'] },
  { tool: 'run-command', args: { command: 'ls' }, effect: 'read' },
  { tool: 'run-command', args: { command: 'make' }, effect: 'sandbox' },
  { tool: 'run-command', args: { command: ' \n' }, effect: 'read' },
  {
    tool: 'run-command',
    args: { command: 'ls', cwd: '../..' },
    effect: 'read',
    findings: ['deny path-escape'],
  },
  {
    tool: 'trigger-pipeline',
    args: { pipeline: 'deploy' },
    effect: 'production',
    flags: ['productionAccess'],
  },
  {
    tool: 'cloud-credentials',
    args: { account: 'a', role: 'r' },
    effect: 'draft',
    flags: ['credentialRequest'],
  },
  {
    tool: 'cloud-credentials',
    args: { account: 'a', role: 'r', scope: 'write' },
    effect: 'production',
    flags: ['credentialRequest', 'productionAccess'],
  },
  {
    tool: 'terraform-apply',
    args: { plan: 'a'.repeat(64) },
    effect: 'production',
    flags: ['productionAccess'],
  },
  {
    tool: 'terraform-apply',
    args: {},
    effect: 'production',
    flags: ['productionAccess'],
    findings: ['deny unnamed-plan'],
  },
  { tool: 'kubectl-apply', args: { path: 'web.yaml' }, effect: 'production', flags: ['productionAccess'] },
  {
    tool: 'kubectl-apply',
    args: { path: 'web.yaml', context: 'prod-eu' },
    effect: 'production',
    flags: ['productionAccess'],
    findings: ['deny protected-context'],
  },
];

test.each(cases)('$tool $args', ({ tool, args, effect, marks = [], flags = [], findings = [] }) => {
  const { parameters, judge } = builtInTools.get(tool)!;
  const judgement = judge(parameters.parse(args), context);
  expect({
    effect: judgement.effect,
    marks: judgement.marks,
    flags: judgement.approvalFlags ?? [],
    findings: (judgement.findings ?? []).map(({ verdict, rule }) => `${verdict} ${rule}`),
  }).toEqual({ effect, marks, flags, findings });
  for (const { layer } of judgement.findings ?? []) expect(layer).toBe('tools');
});

test('every tool is in the table', () => {
  expect(new Set(cases.map(({ tool }) => tool))).toEqual(new Set(builtInTools.keys()));
});
