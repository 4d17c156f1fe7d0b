import type { ContentResource } from '../../../src/domain/content';
import type { Decision, Finding } from '../../../src/domain/decision';
import type { PolicySnapshot } from '../../../src/domain/policy';
import { AutonomyTier } from '../../../src/domain/tier';
import type { ToolDeclaration } from '../../../src/domain/tool-declaration';
import { judge } from '../../../src/policy/judge';
import type { PolicyContext } from '../../../src/policy/layer';
import { compileSnapshot } from '../../../src/policy/snapshot';
import { AT, agent, toolsWith } from '../fixture';

/** A snapshot of one policy with these rules. */
export function rules(
  source: string,
  parts: { name?: string; tools?: ToolDeclaration[] } = {},
): PolicySnapshot {
  return compileSnapshot({
    organizationId: 'org-1',
    agent: agent({ tier: AutonomyTier.SANDBOX, tools: parts.tools ?? [] }),
    policies: [
      {
        id: 'p1',
        name: parts.name ?? 'House rules',
        content: `\`\`\`cedar\n${source}\n\`\`\`\n`,
        isActive: true,
        version: 1,
        organizationId: 'org-1',
      },
    ],
  });
}

export function decide(
  snapshot: PolicySnapshot,
  tool: string,
  args: unknown,
  context: Partial<PolicyContext> = {},
): Decision {
  return judge(
    { id: 'call-1', tool, args: typeof args === 'string' ? args : JSON.stringify(args) },
    { runId: 'run-1', snapshot, now: AT, ...context },
    toolsWith(snapshot.tools),
  ).decision;
}

/** What the organization's rules say of a call. */
export function findings(...parts: Parameters<typeof decide>): Finding[] {
  return decide(...parts).findings.filter(({ layer }) => layer === 'organization');
}

export function bucket(
  attributes: Record<string, string>,
  parts: Partial<ContentResource> = {},
): ContentResource {
  return {
    language: 'terraform',
    type: 'aws_s3_bucket',
    name: 'logs',
    address: 'aws_s3_bucket.logs',
    file: 'main.tf',
    line: 3,
    attributes,
    referencedBy: [],
    ...parts,
  };
}
