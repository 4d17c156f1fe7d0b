import type { ContentFacts } from '../domain/content';
import { type CredentialNeed, EFFECT_OF_SCOPE } from '../domain/credential';
import { type Finding, observed } from '../domain/decision';
import type { Judgement } from '../domain/judgement';
import { normalizeToolName } from '../domain/permissions';
import { visibleText } from '../domain/visible-text';
import { cloudCredentials } from '../tools/credentials';
import { compileRules } from './cedar/compile-rules';
import type { BrokenRule, CompiledRule } from './cedar/compiled-rule';
import { evaluate } from './cedar/evaluate';
import {
  callRequest,
  contentRequest,
  type ResourceRequest,
  readerOf,
  touchedBy,
  touchRequest,
} from './cedar/request';
import type { RuleIndex } from './cedar/rule-index';
import { changesContent } from './cedar/schema';
import type { PolicyLayer, ReadCall } from './layer';

/** Most things one call may touch or declare where rules apply to it; judging more would take too long. */
const MAX_REQUESTS = 5_000;
/** Longest problem or name that a message repeats, in characters. */
const SHOWN_LENGTH = 200;

/** The organization's rules in Cedar (POLICY §5): every rule that matches is a finding, one that fails denies. */
export const organizationLayer: PolicyLayer = (read, context) => {
  if (context.snapshot.rules.length === 0) return [];
  const { credential } = read.tool;
  if (!credential) return findingsOf(read, context);
  // What a call needs is judged as if it was asked for: rules about accounts hold whatever tool uses them.
  const all = [...findingsOf(read, context), ...findingsOf(asking(credential, read), context)];
  return [...new Map(all.map((finding) => [JSON.stringify(finding), finding])).values()];
};

function asking(credential: CredentialNeed, { call }: ReadCall): ReadCall {
  const judgement: Judgement = { effect: EFFECT_OF_SCOPE[credential.scope], marks: [] };
  return { call, args: credential, tool: cloudCredentials, judgement };
}

const findingsOf: PolicyLayer = (read, context) => {
  const { snapshot } = context;
  const compiled = compileRules(snapshot);
  const name = normalizeToolName(read.tool.name);
  const isInScope = ({ tools }: BrokenRule) => tools === 'every' || tools.has(name);
  const isObserving = snapshot.mode === 'observe';
  const findings = compiled.broken.filter(isInScope).map((rule) => brokenFinding(rule, isObserving));
  const judgesThis = compiled.findings.hasRulesFor(name);
  // Rules that count must not fail unseen: whoever counts them asks only about calls that are allowed.
  const countsThis = compiled.rates.hasRulesFor(name);
  if (!judgesThis && !countsThis) return findings;

  const call = callRequest(read, context);
  const said = new Said();
  const touched = touchedBy(read, context).map((each) => touchRequest(call, each));
  if (judgesThis) said.judge(compiled.findings, touched, () => null);
  if (countsThis) said.judge(compiled.rates, touched, () => null);
  if (changesContent(name) && compiled.content.hasRulesFor(name)) {
    const { content } = context;
    if (content?.kind === 'loaded')
      said.judge(
        compiled.content,
        content.resources.map((resource) => contentRequest(call, resource)),
        ({ resource: { attrs } }) => `\`${attrs.address}\` in \`${attrs.file}\`, line ${attrs.line}`,
      );
    else findings.push(lacksContent(content, isObserving || compiled.content.isObservedFor(name)));
  }
  return [...findings, ...said.findings(isObserving)];
};

/** Collects what rules say of the requests of one call: one finding a rule. */
class Said {
  private readonly matched = new Map<CompiledRule, string[]>();
  private readonly failed = new Map<CompiledRule, string>();
  private readonly refused: string[] = [];

  judge(index: RuleIndex, requests: ResourceRequest[], placeOf: (request: ResourceRequest) => string | null) {
    if (requests.length > MAX_REQUESTS) {
      this.refused.push(`it concerns ${requests.length} things; rules judge at most ${MAX_REQUESTS}`);
      return;
    }
    for (const request of requests) {
      const slice = index.sliceFor(request.tool, readerOf(request));
      if (!slice) continue;
      for (const rule of slice.rules.values())
        for (const [argument, why] of request.unsayable)
          if (rule.attributes === 'every' || rule.attributes.has(argument))
            this.failed.set(rule, `argument \`${argument}\` ${why}`);
      const evaluation = evaluate(slice, request);
      if (evaluation.kind === 'refused') {
        this.refused.push(evaluation.problem);
        continue;
      }
      for (const { rule, problem } of evaluation.failed) this.failed.set(rule, problem);
      for (const rule of evaluation.matched) {
        const place = placeOf(request);
        const places = this.matched.get(rule) ?? [];
        if (place !== null) places.push(place);
        this.matched.set(rule, places);
      }
    }
  }

  findings(isObserving: boolean): Finding[] {
    const findings: Finding[] = [];
    for (const problem of new Set(this.refused))
      findings.push(
        observed(deny('request', `the rules cannot judge this call: ${shown(problem)}`), isObserving),
      );
    for (const [rule, problem] of inOrder(this.failed))
      findings.push(
        observed(
          deny(rule.id, `rule \`${rule.id}\` failed, so the call is refused: ${shown(problem)}`),
          isObserving || rule.isObserved,
        ),
      );
    for (const [rule, places] of inOrder(this.matched)) {
      const finding = this.failed.has(rule) ? null : matchFinding(rule, places);
      if (finding) findings.push(observed(finding, isObserving || rule.isObserved));
    }
    return findings;
  }
}

/** As the rules are written. Cedar names them in any order, and a call has the same decision each time. */
function inOrder<Value>(found: ReadonlyMap<CompiledRule, Value>): [CompiledRule, Value][] {
  return [...found].sort(([one], [other]) => one.place - other.place);
}

function matchFinding(rule: CompiledRule, places: readonly string[]): Finding | null {
  const message = withPlaces(rule.message, places);
  const { outcome } = rule;
  switch (outcome.kind) {
    case 'deny':
      return deny(rule.id, message);
    case 'ask': {
      const { kind: verdict, ...demands } = outcome;
      return { verdict, layer: 'organization', rule: rule.id, message, ...demands };
    }
    case 'rate':
    case 'none':
      return null;
  }
}

function brokenFinding({ id, problem }: BrokenRule, isObserving: boolean): Finding {
  const message = `rule \`${id}\` cannot be read, so the call is refused: ${shown(problem)}`;
  return observed(deny(id, message), isObserving);
}

function lacksContent(content: ContentFacts | undefined, isObserving: boolean): Finding {
  const problem =
    content?.kind === 'unavailable' ? content.problem : 'the content of the change was not loaded';
  return observed(
    deny('content', `rules about content cannot judge this call: ${shown(problem)}`),
    isObserving,
  );
}

function deny(rule: string, message: string): Finding {
  return { verdict: 'deny', layer: 'organization', rule, message };
}

const SHOWN_PLACES = 3;

function withPlaces(message: string, places: readonly string[]): string {
  if (places.length === 0) return message;
  const more = places.length - SHOWN_PLACES;
  const listed = places.slice(0, SHOWN_PLACES).map(shown).join('; ');
  return `${message}: ${listed}${more > 0 ? `; and ${more} more` : ''}`;
}

function shown(text: string): string {
  return visibleText(text, SHOWN_LENGTH);
}
