import { parseAgent } from '../../src/policy/agent-file';
import { judge } from '../../src/policy/judge';
import type { PolicyContext } from '../../src/policy/layer';
import { compileSnapshot } from '../../src/policy/snapshot';
import { catalogueOf, findTool } from '../../src/tools/catalogue';
import type { Subject } from './timings';

const catalogue = catalogueOf([]);

/** A gate under these rules, as a run has it: with a prompt and what happened so far. */
export function gateWith(rules: readonly string[], tier = 'DRAFT'): PolicyContext {
  const agent = parseAgent(`name: bench\ntier: ${tier}\n`, { file: 'bench.yaml', readTools: () => [] });
  const snapshot = compileSnapshot({
    organizationId: 'bench',
    agent,
    policies: [
      {
        id: 'bench',
        name: 'Bench',
        content: ['```cedar', ...rules, '```', ''].join('\n'),
        isActive: true,
        version: 1,
        organizationId: 'bench',
      },
    ],
  });
  return {
    runId: 'run-bench',
    snapshot,
    facts: {
      workspace: null,
      executed: 1,
      lastValidateStep: 1,
      lastWriteStep: 0,
      answers: [],
      driftIterations: 0,
    },
    trusted: { prompt: 'Turn encryption on for the buckets in modules/storage.', answers: [] },
    now: Date.parse('2026-01-05T10:00:00Z'),
  };
}

/** Judges one call from its text; the verdict. */
export function verdictOf(context: PolicyContext, tool: string, args: unknown): string {
  return judge({ id: 'call', tool, args: JSON.stringify(args) }, context, (name) => findTool(name, catalogue))
    .decision.verdict;
}

/** Times whole judgements of `read-file`, of another file each time. */
export function readsUnder(name: string, rules: readonly string[], calls: number): Subject {
  const context = gateWith(rules);
  return { name, calls, work: (call) => allowed(verdictOf(context, 'read-file', { path: fileOf(call) })) };
}

export function fileOf(call: number): string {
  return `modules/service-${call}/main.tf`;
}

/** Rules about other tools than `read-file`, each of its own branch or path. */
export function foreignRules(count: number): string[] {
  return Array.from({ length: count }, (_, index) =>
    index % 2 === 0
      ? `forbid (principal, action == Action::"git-push", resource) when { context.args.branch == "release-${index}" };`
      : `forbid (principal, action == Action::"write-file", resource) when { resource.name like "protected-${index}/*" };`,
  );
}

/** Rules that look at every `read-file`, and do not match. */
export function applyingRules(count: number): string[] {
  return Array.from(
    { length: count },
    (_, index) =>
      `forbid (principal, action == Action::"read-file", resource) when { resource.name like "private-${index}/*" && context.args.limit > ${index} };`,
  );
}

/** Rules that look at every `run-command`, and do not match. */
export function commandRules(count: number): string[] {
  return Array.from(
    { length: count },
    (_, index) =>
      `forbid (principal, action == Action::"run-command", resource) when { resource.name like "program-${index} *" && context.args.timeoutMs > ${index} };`,
  );
}

function allowed(verdict: string): void {
  if (verdict !== 'allow')
    throw new Error(`the bench expects its reads to be allowed; this one is: ${verdict}`);
}
