import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { RunStatus } from '../src/domain/run';
import { visibleText } from '../src/domain/visible-text';
import { searchAttributes } from './messages';
import type { People } from './people';
import type { RunState } from './run-state';

/**
 * Shows the run in the Temporal UI: its status as a search attribute, and the current details, which say what it waits
 * for and how to answer by hand. Details cost no event; the attribute is written when it changes.
 */
export function createOperatorView(run: RunState, people: People): (status: RunStatus) => void {
  let shown: RunStatus | null = null;
  return (status) => {
    if (status !== shown) {
      shown = status;
      upsertSearchAttributes([{ key: searchAttributes.status, value: status }]);
    }
    setCurrentDetails(details(run, people, status));
  };
}

/** Puts what is known at the start into the search attributes. */
export function labelRun(run: RunState): void {
  upsertSearchAttributes([
    { key: searchAttributes.organization, value: run.input.organizationId },
    { key: searchAttributes.agent, value: run.input.agent },
    { key: searchAttributes.tier, value: run.pinned.tier },
  ]);
}

function details(run: RunState, people: People, status: RunStatus): string {
  const { workflowId } = workflowInfo();
  const used = run.budget.snapshot();
  const limits = run.limits;
  const { approvals, questions } = people.pending;
  return [
    `**${status}** · agent \`${visibleText(run.input.agent, 60)}\` · turn ${run.turn}${limits ? ` of ${limits.maxTurns}` : ''}`,
    ...(limits
      ? [
          '',
          `tokens ${used.tokens} of ${limits.maxTokens} · tool calls ${used.toolCalls} of ${limits.maxToolCalls}`,
        ]
      : []),
    ...(run.paused
      ? ['', `Paused by ${visibleText(run.paused.by, 60)}: ${visibleText(run.paused.reason, 200)}`]
      : []),
    ...approvals.flatMap((approval) => [
      '',
      `**Approval ${approval.id}** until ${new Date(approval.expiresAt).toISOString()}: \`${approval.tool}\` (${[approval.effect, ...approval.marks].join(', ')})`,
      '',
      ...approval.findings.map(
        (finding) => `- ${finding.layer}/${finding.rule}: ${visibleText(finding.message, 300)}`,
      ),
      ...(approval.progress ? ['', `Needs ${approval.progress.missing}.`] : []),
      ...fenced(argumentLines(approval.args)),
      ...byHand(workflowId, 'decide', {
        approvalId: approval.id,
        decision: 'approve',
        actionHash: approval.actionHash,
        by: 'YOU',
      }),
    ]),
    ...questions.flatMap((question) => [
      '',
      `**Question ${question.id}** until ${new Date(question.expiresAt).toISOString()}`,
      ...fenced([question.question, ...question.options.map((option) => `- ${option}`)].map(cut)),
      ...byHand(workflowId, 'answer', { questionId: question.id, answer: 'TEXT', by: 'YOU' }),
    ]),
  ].join('\n');
}

/** A block in which Markdown means nothing; text of a model stays apart from our own. */
function fenced(lines: readonly string[]): string[] {
  const text = lines.join('\n').replaceAll('`', "'");
  return ['', '```', text, '```', ''];
}

function cut(text: string): string {
  return visibleText(text, 600);
}

/** The canonical arguments, one a line. */
function argumentLines(args: string): string[] {
  const values = Object.entries(JSON.parse(args) as Record<string, unknown>);
  return values.map(
    ([name, value]) => `${cut(name)}: ${cut(typeof value === 'string' ? value : JSON.stringify(value))}`,
  );
}

function byHand(workflowId: string, signal: string, payload: Record<string, string>): string[] {
  return [
    'By hand:',
    ...fenced([
      `temporal workflow signal --workflow-id ${workflowId} --name ${signal} --input '${JSON.stringify(payload)}'`,
    ]),
    // The UI's frame is a little too short for what it shows.
    ...Array.from({ length: 4 }, () => '\u00a0\n'),
  ];
}
