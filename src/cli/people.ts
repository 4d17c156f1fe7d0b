import { visibleText } from '../domain/visible-text';
import type { CliContext, ExitCode } from './context';
import { withStack } from './with-stack';

/** `gatehouse approve ID` and `gatehouse deny ID --reason TEXT`. */
export async function decide(
  context: CliContext,
  approvalId: string,
  given: { decision: 'approve' | 'deny'; reason?: string; by?: string },
): Promise<ExitCode> {
  const { terminal, user } = context;
  return withStack(context, async (commands) => {
    const { approval, status } = await commands.decide({ approvalId, ...given, by: given.by ?? user });
    if (terminal.isJson) terminal.printJson({ approvalId, runId: approval.runId, status });
    else terminal.print(`${status}: ${approval.tool} of run ${approval.runId}`);
    return 0;
  });
}

/** `gatehouse answer ID TEXT`. */
export async function answer(
  context: CliContext,
  questionId: string,
  text: string,
  given: { by?: string },
): Promise<ExitCode> {
  const { terminal, user } = context;
  return withStack(context, async (commands) => {
    const { question, status } = await commands.answer({ questionId, answer: text, by: given.by ?? user });
    if (terminal.isJson) terminal.printJson({ questionId, runId: question.runId, status });
    else terminal.print(`${status}: ${visibleText(question.question, 200)}`);
    return 0;
  });
}

/** `gatehouse pause RUN`, `resume RUN`, `stop RUN`. */
export async function steer(
  context: CliContext,
  runId: string,
  what: 'pause' | 'resume' | 'stop',
  reason: string,
): Promise<ExitCode> {
  const { terminal, user: by } = context;
  return withStack(context, async (commands) => {
    const command = { pause: commands.pauseRun, resume: commands.resumeRun, stop: commands.stopRun }[what];
    await command({ runId, by, reason });
    if (terminal.isJson) terminal.printJson({ runId, requested: what });
    else terminal.print(`${what} was asked of run ${runId}`);
    return 0;
  });
}
