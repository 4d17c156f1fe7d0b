import { parseStrictJson } from '../domain/canonical-json';
import { type Finding, findingId } from '../domain/decision';
import { visibleText } from '../domain/visible-text';
import { type GivenCall, MAX_LINE_BYTES, readGivenCall } from '../policy/evaluate-line';
import { type Explanation, explain } from '../policy/explain';
import { BadInputError, readInput } from './bad-input';
import type { CliContext, ExitCode } from './context';
import { type JudgedByOptions, judgedBy } from './judged-by';
import type { Colours } from './terminal';
import { paintVerdict } from './words';

export interface PolicyExplainOptions extends JudgedByOptions {
  tool?: string;
  args: string;
  prompt?: string;
}

/** `gatehouse policy explain`: needs no server. Exit code 0 whatever the verdict. */
export async function explainCall(
  { terminal }: CliContext,
  text: string | undefined,
  options: PolicyExplainOptions,
): Promise<ExitCode> {
  const { judge } = judgedBy(options);
  const { call, context } = await givenCall(text, options);
  const { prompt } = options;
  const trusted = prompt === undefined ? {} : { trusted: { prompt, answers: [] } };
  const explanation = await explain(call, { ...context, ...trusted }, judge);
  if (terminal.isJson) terminal.printJson(explanation);
  else terminal.print(linesOf(explanation, terminal.colours));
  return 0;
}

async function givenCall(
  text: string | undefined,
  { tool, args }: PolicyExplainOptions,
): Promise<Pick<GivenCall, 'call' | 'context'>> {
  if (tool !== undefined && text !== undefined)
    throw new BadInputError('usage', 'give either a call or `--tool`, not both');
  // As a model would send them: what is wrong with them is for the gate to say.
  if (tool !== undefined) return { call: { id: 'call-1', tool, args }, context: {} };
  const given = text ?? (await standardInput());
  return readInput(() => {
    const value = parseStrictJson(given, MAX_LINE_BYTES);
    const hasId = typeof value === 'object' && value !== null && 'id' in value;
    return readGivenCall(hasId || typeof value !== 'object' ? value : { ...value, id: 'call-1' });
  });
}

async function standardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  if (process.stdin.isTTY)
    throw new BadInputError('usage', 'give a call as JSON, or `--tool NAME --args JSON`');
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_LINE_BYTES)
      throw new BadInputError('line-too-long', `the call is longer than ${MAX_LINE_BYTES} bytes`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks)
    .toString('utf8')
    .replace(/^\uFEFF/, '');
  if (text.trim() === '') throw new BadInputError('usage', 'there is no call on standard input');
  return text;
}

function linesOf(explanation: Explanation, colours: Colours): string {
  const { tool, args, verdict, effect, effectBecause, marks } = explanation;
  const because = (why: string | null) => (why === null ? '' : `: ${visibleText(why, 300)}`);
  const lines = [
    `${colours.bold('call')}      ${visibleText(tool, 100)} ${visibleText(args, 500)}`,
    `${colours.bold('effect')}    ${effect ?? 'unknown'}${because(effectBecause)}`,
    ...marks.map((each) => `${colours.bold('mark')}      ${each.mark}${because(each.because)}`),
    '',
  ];
  for (const { layer, findings, silentBecause } of explanation.layers) {
    const name = layer.padEnd(14);
    if (silentBecause !== null) lines.push(colours.dim(`${name}-      ${silentBecause}`));
    for (const finding of findings)
      lines.push(
        `${name}${paintVerdict(finding.verdict.padEnd(7), finding.verdict, colours)}${told(finding)}`,
      );
  }
  for (const { code, message } of explanation.errors)
    lines.push(`${'error'.padEnd(14)}deny   ${code}: ${message}`);
  const made = [...new Set(explanation.reasons.map(findingId))].join(', ');
  lines.push(
    '',
    `${colours.bold('verdict')}   ${paintVerdict(verdict, verdict, colours)}${made ? `, by ${made}` : ''}`,
  );
  return lines.join('\n');
}

function told({ rule, message, role, quorum, fourEyes, observed }: Finding): string {
  const terms = [
    role && `role ${role}`,
    quorum && `${quorum} approvers`,
    fourEyes && 'not the requester',
    observed && `observed only; it would be ${observed}`,
  ].filter(Boolean);
  return `${rule}: ${visibleText(message, 1_000)}${terms.length > 0 ? ` (${terms.join(', ')})` : ''}`;
}
