import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { Agent } from '../domain/agent';
import { type Decision, type Finding, layers, reasons, verdicts } from '../domain/decision';
import { effects, marks } from '../domain/effect';
import { publicMessage } from '../domain/errors';
import type { RunFacts } from '../domain/steps';
import type { ToolDeclaration } from '../domain/tool-declaration';
import { parseAgent } from './agent-file';
import { rateDemands } from './cedar/rate-demands';
import { changedContent, declaredContent } from './content/content-facts';
import { createOfflineJudge, OFFLINE_RUN, type OfflineContext, type OfflineJudge } from './offline-judge';
import type { PolicyFile } from './policy-file';
import { readText } from './read-text';
import { readYamlItems } from './yaml-problems';

const finding = z.strictObject({
  layer: z.enum(layers).optional(),
  rule: z.string().optional(),
  /** A part of it. */
  message: z.string().optional(),
  role: z.string().optional(),
  quorum: z.int().optional(),
  fourEyes: z.boolean().optional(),
  observed: z.enum(['deny', 'ask', 'defer']).optional(),
});

/** One row of a table of cases: a call, and what is expected of its judgement. */
const policyCase = z.strictObject({
  name: z.string().min(1),
  /** Keys of an agent file; the name is `tester` where it says none. */
  agent: z.looseObject({ tier: z.string() }),
  tools: z.array(z.custom<ToolDeclaration>()).default([]),
  /** What is known of the run; what is left out is as after a successful validate. */
  facts: z
    .strictObject({ lastValidateStep: z.int(), lastWriteStep: z.int(), driftIterations: z.int() })
    .partial()
    .default({}),
  /** A prompt turns grounding on. */
  context: z
    .strictObject({
      prompt: z.string().optional(),
      answers: z.array(z.string()).default([]),
      observations: z.array(z.strictObject({ tool: z.string(), text: z.string() })).default([]),
    })
    .default({ answers: [], observations: [] }),
  /** What a push or a pull request would publish: texts by path. */
  files: z.record(z.string(), z.string()).optional(),
  /** `text` are arguments as a model sent them, where they are no well-formed JSON. */
  call: z.strictObject({ tool: z.string(), args: z.unknown().optional(), text: z.string().optional() }),
  expect: z.strictObject({
    verdict: z.enum(verdicts),
    effect: z.enum(effects).nullable().optional(),
    marks: z.array(z.enum(marks)).optional(),
    /** All of the findings that made the verdict, in order. */
    reasons: z.array(finding).optional(),
    /** One that is among them. */
    reason: finding.optional(),
    /** Rules with `@rate` that the call counts against. */
    rates: z.array(z.string()).optional(),
  }),
});

/** A case with its place. */
export type PolicyCase = z.infer<typeof policyCase> & { line: number };

export interface CaseResult {
  name: string;
  line: number;
  /** What was otherwise than expected; none when the case passed. */
  failures: string[];
  /** Rules that had a say in it, whatever the verdict. */
  rules: string[];
}

/** Reads a table of cases (YAML). @throws GatehouseError `case-file-invalid`, naming file and line of every problem */
export function readCases(file: string): PolicyCase[] {
  return parseCases(readText(file, { what: 'a table of cases', code: 'case-file-invalid' }), file);
}

/** As {@link readCases}, of a text. */
export function parseCases(text: string, file: string): PolicyCase[] {
  return readYamlItems({ file, text, code: 'case-file-invalid' }, policyCase).map(({ value, line }) => ({
    ...value,
    line,
  }));
}

/** Judges the call of a case under some policies and compares. */
export async function runCase(each: PolicyCase, policies: readonly PolicyFile[] = []): Promise<CaseResult> {
  const { name, line } = each;
  try {
    const { decision, rates } = await judgeCase(each, policies);
    return {
      name,
      line,
      failures: [...failuresOf(each.expect, decision), ...rateFailures(each.expect.rates, rates)],
      rules: [...decision.findings.map(({ rule }) => rule), ...rates],
    };
  } catch (error) {
    return { name, line, failures: [publicMessage(error)], rules: [] };
  }
}

async function judgeCase(each: PolicyCase, policies: readonly PolicyFile[]) {
  const { call, facts, context, files } = each;
  const judge = judgeFor(each, policies);
  const known: OfflineContext = {
    facts: { ...VALIDATED, answers: context.answers, ...facts },
    observations: context.observations,
    ...(context.prompt === undefined
      ? {}
      : { trusted: { prompt: context.prompt, answers: context.answers } }),
    ...(files === undefined ? {} : { content: await contentOf(files) }),
  };
  const { read, decision } = await judge.judge(
    { id: 'call-1', tool: call.tool, args: call.text ?? JSON.stringify(call.args ?? {}) },
    known,
  );
  const isCounted = read !== null && decision.verdict === 'allow';
  const rates = isCounted
    ? rateDemands(read, { runId: OFFLINE_RUN, snapshot: judge.snapshot, now: 0 }).map(({ rule }) => rule)
    : [];
  return { decision, rates };
}

const VALIDATED: RunFacts = {
  workspace: null,
  executed: 1,
  lastValidateStep: 1,
  lastWriteStep: 0,
  answers: [],
  driftIterations: 0,
};

/** Judges of one policy, by agent: its cases share them. */
const judges = new WeakMap<PolicyFile, Map<Agent, OfflineJudge>>();

function judgeFor(each: PolicyCase, policies: readonly PolicyFile[]): OfflineJudge {
  const agent = agentOf(each);
  const [policy, ...others] = policies;
  if (!policy || others.length > 0) return createOfflineJudge({ agent, policies });
  const byAgent = judges.get(policy) ?? new Map<Agent, OfflineJudge>();
  judges.set(policy, byAgent);
  const judge = byAgent.get(agent) ?? createOfflineJudge({ agent, policies });
  byAgent.set(agent, judge);
  return judge;
}

/** Agents of cases by what the case says of them: most cases have the same few. */
const agents = new LRUCache<string, Agent>({ max: 100 });

function agentOf({ agent, tools }: PolicyCase): Agent {
  const text = JSON.stringify({ name: 'tester', ...agent });
  const parsed = agents.get(text) ?? parseAgent(text, { file: 'agent', readTools: () => [] });
  agents.set(text, parsed);
  return tools.length === 0 ? parsed : { ...parsed, tools };
}

async function contentOf(files: Record<string, string>): Promise<OfflineContext['content']> {
  const list = Object.entries(files).map(([path, text]) => ({ path, text }));
  const nothing = { resources: [], problems: new Map() };
  return changedContent(await declaredContent(list, { isWhole: true }), nothing);
}

function failuresOf(expected: PolicyCase['expect'], decision: Decision): string[] {
  const failures = decision.errors.map(({ code, message }) => `${code}: ${message}`);
  const found = reasons(decision);
  if (decision.verdict !== expected.verdict)
    failures.push(
      `the verdict is \`${decision.verdict}\`, not \`${expected.verdict}\`: ${found.map(shown).join('; ')}`,
    );
  if (expected.effect !== undefined && decision.effect !== expected.effect)
    failures.push(`the effect is \`${decision.effect}\`, not \`${expected.effect}\``);
  if (expected.marks && JSON.stringify(decision.marks) !== JSON.stringify(expected.marks))
    failures.push(`the marks are ${listed(decision.marks)}, not ${listed(expected.marks)}`);
  const { reason: one, reasons: all } = expected;
  if (all && !(all.length === found.length && all.every((each, index) => isLike(each, found[index]))))
    failures.push(`the reasons are ${found.map(shown).join('; ')}, not ${all.map(shown).join('; ')}`);
  if (one && !found.some((each) => isLike(one, each)))
    failures.push(`${shown(one)} is not among the reasons: ${found.map(shown).join('; ')}`);
  return failures;
}

function rateFailures(expected: readonly string[] | undefined, rates: readonly string[]): string[] {
  if (expected === undefined || JSON.stringify([...expected].sort()) === JSON.stringify([...rates].sort()))
    return [];
  return [`the call counts against ${listed(rates)}, not ${listed(expected)}`];
}

type ExpectedFinding = z.infer<typeof finding>;

function isLike({ message, ...expected }: ExpectedFinding, found: Finding | undefined): boolean {
  if (!found || (message !== undefined && !found.message.includes(message))) return false;
  return (Object.keys(expected) as (keyof typeof expected)[]).every(
    (key) => expected[key] === undefined || expected[key] === found[key],
  );
}

function shown({ layer, rule, message }: ExpectedFinding): string {
  const id = [layer, rule].filter((part) => part !== undefined).join('/') || 'a finding';
  return message === undefined ? `\`${id}\`` : `\`${id}\` (${message})`;
}

function listed(words: readonly string[]): string {
  return words.length === 0 ? 'none' : words.map((word) => `\`${word}\``).join(', ');
}
