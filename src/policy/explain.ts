import type { ToolCall } from '../domain/call';
import {
  type Decision,
  type DecisionError,
  type Finding,
  type Layer,
  layers,
  reasons,
  type Verdict,
} from '../domain/decision';
import type { Effect, Mark } from '../domain/effect';
import { rateDemands } from './cedar/rate-demands';
import type { ReadCall } from './layer';
import { OFFLINE_RUN, type OfflineContext, type OfflineJudge } from './offline-judge';

/** One call, and what every layer says of it. */
export interface Explanation {
  tool: string;
  /** RFC 8785 JSON where the call could be read, else the text as it was given. */
  args: string;
  verdict: Verdict;
  effect: Effect | null;
  /** Why it is that effect; null where the tool itself says it. */
  effectBecause: string | null;
  marks: { mark: Mark; because: string | null }[];
  layers: ExplainedLayer[];
  /** The findings that made the verdict. */
  reasons: Finding[];
  errors: DecisionError[];
}

export interface ExplainedLayer {
  layer: Layer;
  findings: Finding[];
  /** Why it says nothing, where it does not. */
  silentBecause: string | null;
}

/** Judges one call and says what each layer found, the silent ones too. */
export async function explain(
  call: ToolCall,
  context: OfflineContext,
  judge: OfflineJudge,
): Promise<Explanation> {
  const { read, decision } = await judge.judge(call, context);
  const because = read?.judgement.because ?? {};
  return {
    tool: read?.call.tool ?? call.tool,
    args: read?.call.args ?? call.args,
    verdict: decision.verdict,
    effect: decision.effect,
    effectBecause: decision.effect === null ? null : (because[decision.effect] ?? null),
    marks: decision.marks.map((mark) => ({ mark, because: because[mark] ?? null })),
    layers: layers.map((layer): ExplainedLayer => {
      const findings = decision.findings.filter((finding) => finding.layer === layer);
      const silentBecause = findings.length > 0 ? null : whySilent(layer, read, decision, context, judge);
      return { layer, findings, silentBecause };
    }),
    reasons: reasons(decision),
    errors: decision.errors,
  };
}

function whySilent(
  layer: Layer,
  read: ReadCall | null,
  decision: Decision,
  { trusted }: OfflineContext,
  { snapshot }: OfflineJudge,
): string {
  if (layer === 'input') return 'the call could be read';
  if (read === null) return 'the call could not be read';
  switch (layer) {
    case 'tier':
    case 'tools':
      return 'nothing to object to';
    case 'approvals':
      return 'no approval of the agent covers this call';
    case 'commands':
      return read.tool.name === 'run-command' ? 'nothing to object to' : 'the call runs no command line';
    case 'organization':
      return snapshot.rules.length === 0 ? 'there are no rules' : 'no rule matches';
    case 'grounding':
      if (snapshot.settings.grounding === 'off') return 'the agent file switches it off';
      return trusted
        ? 'every sensitive argument was given by a person'
        : 'there is no prompt to compare with';
    case 'rates':
      return ratesOf(read, decision, snapshot);
  }
}

/** Nothing is counted outside a run; which rules would count is known all the same. */
function ratesOf(read: ReadCall, decision: Decision, snapshot: OfflineJudge['snapshot']): string {
  if (decision.verdict === 'deny') return 'a call that is refused is not counted';
  const demands = rateDemands(read, { runId: OFFLINE_RUN, snapshot, now: 0 });
  return demands.length === 0
    ? 'no rule counts this call'
    : `counted in a run only, by ${demands.map(({ rule }) => `\`${rule}\``).join(', ')}`;
}
