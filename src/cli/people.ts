import { GatehouseError } from '../domain/errors';
import { visibleText } from '../domain/visible-text';
import type { CliContext, ExitCode } from './context';
import { editedInEditor } from './edit-arguments';
import { withSigner } from './with-signer';

export interface Said {
  decision: 'approve' | 'deny';
  reason?: string;
  by?: string;
  /** The same action for the rest of the run. */
  forRun?: boolean;
  /** Other arguments, as JSON. */
  args?: string;
  /** Opens them in an editor. */
  edit?: boolean;
}

/** `gatehouse approve ID…` and `gatehouse deny ID… --reason TEXT`; several are decided each for itself. */
export async function decide(
  context: CliContext,
  approvalIds: readonly string[],
  said: Said,
): Promise<ExitCode> {
  const { terminal, config } = context;
  const { decision, reason } = said;
  const scope = said.forRun ? 'run' : undefined;
  return withSigner(context, said.by, async (commands, by) => {
    const [only] = approvalIds;
    if (approvalIds.length === 1 && only !== undefined) {
      const args = said.edit
        ? editedInEditor(await commands.showApproval(only), config.EDITOR)
        : said.args && parsedArguments(said.args);
      const { approval, status } = await commands.decide({
        approvalId: only,
        decision,
        reason,
        by,
        scope,
        args,
      });
      if (terminal.isJson) terminal.printJson({ approvalId: only, runId: approval.runId, status });
      else terminal.print(`${status}: ${visibleText(approval.tool, 60)} of run ${approval.runId}`);
      return 0;
    }
    const decided = await commands.decideMany(
      approvalIds.map((approvalId) => ({ approvalId, decision, reason, by, scope })),
    );
    if (terminal.isJson)
      terminal.printJson(
        decided.map((one) =>
          one.ok
            ? { approvalId: one.approvalId, runId: one.approval.runId, status: one.status }
            : { approvalId: one.approvalId, error: { code: one.code, message: one.message } },
        ),
      );
    else
      for (const one of decided)
        terminal.print(
          one.ok
            ? `${one.status}: ${visibleText(one.approval.tool, 60)} of run ${one.approval.runId}`
            : `${terminal.colours.red('refused')}: ${visibleText(one.approvalId, 80)}: ${one.message}`,
        );
    return decided.every(({ ok }) => ok) ? 0 : 1;
  });
}

/** `gatehouse answer ID TEXT`. */
export async function answer(
  context: CliContext,
  questionId: string,
  text: string,
  given: { by?: string },
): Promise<ExitCode> {
  const { terminal } = context;
  return withSigner(context, given.by, async (commands, by) => {
    const { question, status } = await commands.answer({ questionId, answer: text, by });
    if (terminal.isJson) terminal.printJson({ questionId, runId: question.runId, status });
    else terminal.print(`${status}: ${visibleText(question.question, 200)}`);
    return 0;
  });
}

/** `gatehouse approvals revoke ID`. */
export async function revokeApproval(context: CliContext, approvalId: string, given: { by?: string }) {
  const { terminal } = context;
  return withSigner(context, given.by, async (commands, by) => {
    const { runId, status } = await commands.revokeApproval({ approvalId, by });
    if (terminal.isJson) terminal.printJson({ approvalId, runId, status });
    else terminal.print(`${status}: the next such call of run ${runId} is asked for again`);
    return 0 as const;
  });
}

/** What `gatehouse top-up RUN` may add to. */
export const TOP_UPS = {
  turns: 'maxTurns',
  tokens: 'maxTokens',
  toolCalls: 'maxToolCalls',
  durationMs: 'maxDurationMs',
  pipelineRuns: 'maxPipelineRuns',
  credentialRequests: 'maxCredentialRequests',
} as const;

/** `gatehouse top-up RUN --turns N`. */
export async function topUp(
  context: CliContext,
  runId: string,
  amounts: Partial<Record<keyof typeof TOP_UPS, number>>,
  given: { by?: string },
): Promise<ExitCode> {
  const { terminal } = context;
  const budget = Object.fromEntries(
    Object.entries(TOP_UPS).flatMap(([name, limit]) => {
      const amount = amounts[name as keyof typeof TOP_UPS];
      return amount === undefined ? [] : [[limit, amount]];
    }),
  );
  return withSigner(context, given.by, async (commands, by) => {
    const { status } = await commands.topUp({ runId, budget, by });
    if (terminal.isJson) terminal.printJson({ runId, budget, status });
    else terminal.print(`${status}: run ${runId}`);
    return 0;
  });
}

function parsedArguments(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new GatehouseError('arguments-malformed', '`--args` is no JSON', { cause });
  }
}
